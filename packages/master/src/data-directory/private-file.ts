import { chmod, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectories, writeFailure } from '@skiff/client'

const PRIVATE_FILE = 0o600
const PRIVATE_DIRECTORY = 0o700

/** Makes the directory, and makes sure that nobody else can look into it. Throws one clear line. */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  try {
    await makeDirectories(path, PRIVATE_DIRECTORY)
    await chmod(path, PRIVATE_DIRECTORY)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`the master can't keep its files in ${path} (${why}): run it as root, or choose another --data-dir`, {
      cause: error,
    })
  }
}

/** Replaces the file as a whole: a reader, or a crash, sees the old content or the new one, both 0600. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  try {
    await replaceFile(path, content)
  } catch (error) {
    throw writeFailure(path, error)
  }
}

async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w', PRIVATE_FILE)
  try {
    await file.chmod(PRIVATE_FILE)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

/** The rename itself is only durable once the directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** The file's text, or undefined when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
