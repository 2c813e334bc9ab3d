// CommonJS: as a module it would take twice as long to start, for what Node loads then.
const { createServer } = require('node:http')
const { hostname } = require('node:os')

createServer((_, response) => response.end(`hello from ${hostname()}\n`)).listen(80, () =>
  console.log('hello listens on port 80'),
)
process.on('SIGTERM', () => process.exit(0))
