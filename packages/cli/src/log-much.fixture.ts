/** Logs so many bytes as a component does, then says so on standard error and stays. Started by component-logger.test.ts. */
import { componentLogger } from './component-logger.ts'

const logger = componentLogger('fixture')
const message = 'x'.repeat(1_000)
for (let bytes = 0; bytes < Number(process.argv[2]); bytes += message.length) logger.info(message)
process.stderr.write('done\n')
setInterval(() => undefined, 60_000)
