import { getHeapSpaceStatistics } from 'node:v8'

// Makes objects that survive collections, for which V8 enlarges the space of new objects, and
// writes how large that space is then.
process.on('exit', () => {
  const kept = []
  for (let count = 0; count < 2_000_000; count += 1) kept[count % 200_000] = { count }
  const newSpace = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  process.stderr.write(`${kept.length} ${newSpace?.space_size}`)
})
