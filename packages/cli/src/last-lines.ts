import { readFileSync } from 'node:fs'

/** The last error that a component's log tells of, in its own words: why it ended. */
export function lastError(logFile: string): string | undefined {
  const lines = readLines(logFile)
  for (const line of lines.reverse()) {
    const message = messageOf(line)
    if (message !== undefined) return message
  }
  return undefined
}

const ERROR_LEVEL = 50

function messageOf(line: string): string | undefined {
  if (!line.startsWith('{')) return line
  try {
    const entry = JSON.parse(line) as { level?: number; msg?: string; err?: { message?: string } }
    if ((entry.level ?? 0) < ERROR_LEVEL) return undefined
    return [entry.msg, entry.err?.message].filter(Boolean).join(': ')
  } catch {
    return line
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).slice(-50)
  } catch {
    return []
  }
}
