import { createServer } from 'node:http'
import { hostname } from 'node:os'

createServer((_, response) => response.end(`hello from ${hostname()}\n`)).listen(80, () =>
  console.log('hello listens on port 80'),
)
process.on('SIGTERM', () => process.exit(0))
