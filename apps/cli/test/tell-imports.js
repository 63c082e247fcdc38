import { registerHooks } from 'node:module'

// Loaded before a program, by --import: says on stderr which packages it imports, Node's own among them.
const packages = new Set()
registerHooks({
  resolve(specifier, context, next) {
    if (/^(node:)?[@a-z][^:]*$/.test(specifier)) packages.add(specifier)
    return next(specifier, context)
  },
})
process.on('exit', () => process.stderr.write(`${JSON.stringify([...packages])}\n`))
