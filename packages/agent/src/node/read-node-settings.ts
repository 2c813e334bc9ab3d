import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseManifest } from '@skiff/client'
import { JoinError } from '../bootstrap/join-error.ts'
import { type NodeSettings, nodeSettings } from './node-settings.ts'

interface SettingsOptions {
  readonly dataDir: string
  readonly config?: string
  /** Counts more than the file. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** The file that was named, or `config.yaml` in the data directory if there is one. Throws JoinError naming file and field. */
export async function readNodeSettings({ dataDir, config, settings = {} }: SettingsOptions): Promise<NodeSettings> {
  const file = config ?? join(dataDir, 'config.yaml')
  try {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && config === undefined) return ''
      throw error
    })
    return nodeSettings({ ...((parseManifest(text) ?? {}) as object), ...settings })
  } catch (error) {
    throw new JoinError(`the node's settings in ${file} can't be used: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}
