import { registerHooks } from 'node:module'

// Loaded before a program, by --import: says on stderr which packages it imports.
const packages = new Set()
registerHooks({
  resolve(specifier, context, next) {
    if (/^[@a-z]/.test(specifier) && !specifier.includes(':')) packages.add(specifier)
    return next(specifier, context)
  },
})
process.on('exit', () => process.stderr.write(`${JSON.stringify([...packages])}\n`))
