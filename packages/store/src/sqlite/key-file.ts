import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { newSealKey, parseSealKeys } from './value-seal.ts'

const OWNER_ONLY = 0o600

/** The keys in the file, or 'missing'. Throws an Error with one clear line when it holds something else. */
export function readKeyFile(path: string): readonly [Buffer, ...Buffer[]] | 'missing' {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing'
    throw error
  }
  const keys = parseSealKeys(text)
  if (keys === undefined) throw new Error(`${path} is damaged: each of its lines must be a key of 32 bytes in base64`)
  chmodSync(path, OWNER_ONLY)
  return keys
}

/** Durable on return: nothing may be sealed by a key that a power loss could take. */
export function createKeyFile(path: string): void {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', OWNER_ONLY)
  try {
    writeSync(file, newSealKey())
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  syncDirectory(dirname(path))
}

/** A new file is there after a power loss only if its directory is. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
