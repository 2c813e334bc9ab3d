import { chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import Database from 'better-sqlite3'
import { AcknowledgedRecord, readAcknowledged } from './acknowledged-record.ts'
import type { LogRecord } from './frame.ts'
import { createKeyFile, readKeyFile, syncDirectory } from './key-file.ts'
import type { Sealing } from './messages.ts'
import { isSealed, UnknownSealError, ValueSeal } from './value-seal.ts'

/** The database can't be used; the message says why and what to do, in one line. */
export class DatabaseRefused extends Error {
  override name = 'DatabaseRefused'
}

interface Row {
  readonly revision: number
  readonly key: string
  readonly value: Buffer | null
  readonly create_revision: number
  readonly checksum: number
}

/** Raise it, with a migration, whenever the tables change. */
const SCHEMA_VERSION = 2
const FIRST_REVISION = 1
/** More than a cluster writes between a backup and its restoring; as etcd's documentation advises. */
const REVISION_JUMP = 1_000_000_000
/**
 * The log of writes, oldest first; what is superseded is removed once the history no longer needs it. The current
 * state is the last row of each key. `value` is null for a deletion.
 */
const SCHEMA = `
  CREATE TABLE log (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    value BLOB,
    create_revision INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('compacted_revision', 1);
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** How far the values that are to be sealed are: kept in `meta`. */
const NOT_SEALED = 0
const SEALING = 1
const SEALED = 2

/** An earlier master may need a moment to let go of the lock. */
const LOCK_WAIT_MS = 1_000
const CACHE_KIB = 2_048
/** The write-ahead log is copied into the database when so much was written to it. */
const CHECKPOINT_BYTES = 4 * 2 ** 20
/** What a commit writes beside its values, roughly: the pages around them. */
const COMMIT_OVERHEAD_BYTES = 8_192
/** Free pages are given back to the file system, a slice at a time, when they are more than this share of the file. */
const FREE_PAGES_SHARE = 0.25
const VACUUM_SLICE_PAGES = 256
/** Files smaller than this are not worth it. */
const VACUUM_MIN_PAGES = 1_024

/** The SQLite file. Synchronous, so it lives on a thread of its own. Throws SQLite's errors, and `DatabaseRefused` on opening. */
export class LogDatabase {
  readonly #db: Database.Database
  readonly #acknowledged: AcknowledgedRecord
  readonly #seal: ValueSeal | undefined
  readonly #insert: Database.Statement<[number, string, Uint8Array | null, number, number]>
  readonly #remove: Database.Statement<[number]>
  readonly #setCompacted: Database.Statement<[number]>
  #compactedRevision: number
  #bytesSinceCheckpoint = 0

  /** With `sealing`, whatever stands in the clear, or is sealed by an older key, is sealed anew first. */
  constructor(path: string, sealing?: Sealing) {
    this.#db = openExclusively(path)
    try {
      this.#seal = this.#openSeal(path, sealing)
      this.#compactedRevision =
        this.#db.prepare<[], number>(`SELECT value FROM meta WHERE name = 'compacted_revision'`).pluck().get() ?? FIRST_REVISION
      if (readAcknowledged(recordPath(path)) === undefined) this.#jumpAhead()
      this.#checkAcknowledged(path)
      this.#insert = this.#db.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?)')
      this.#remove = this.#db.prepare('DELETE FROM log WHERE revision = ?')
      this.#setCompacted = this.#db.prepare(`UPDATE meta SET value = ? WHERE name = 'compacted_revision'`)
      this.#acknowledged = new AcknowledgedRecord(recordPath(path))
      this.#acknowledged.write(this.revision)
      this.#acknowledged.sync()
      syncDirectory(dirname(path))
    } catch (error) {
      this.#db.close()
      throw refusal(path, error)
    }
  }

  get path(): string {
    return this.#db.name
  }

  get compactedRevision(): number {
    return this.#compactedRevision
  }

  /** The last committed revision. A compacted one counts: the newest row may have been a deletion. */
  get revision(): number {
    const last = this.#db.prepare<[], number | null>('SELECT max(revision) FROM log').pluck().get() ?? FIRST_REVISION
    return Math.max(last, this.#compactedRevision)
  }

  /** Everything in the log, oldest first. */
  *records(): Generator<LogRecord, void, void> {
    const rows = this.#db.prepare<[], Row>('SELECT revision, key, value, create_revision, checksum FROM log ORDER BY revision')
    try {
      for (const row of rows.iterate()) yield this.#opened(checkedRow(this.#db.name, row))
    } catch (error) {
      throw refusal(this.#db.name, error)
    }
  }

  /** All of it or nothing, durable on return. */
  commit(
    records: Iterable<LogRecord>,
    compaction: { readonly compactedRevision: number; readonly obsolete: readonly number[] },
  ): void {
    let last = 0
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      for (const { revision, key, value, createRevision } of records) {
        const stored = value && (this.#seal?.seal(key, value) ?? value)
        this.#insert.run(revision, key, stored ?? null, createRevision, checksum(revision, createRevision, key, stored))
        this.#bytesSinceCheckpoint += value?.length ?? 0
        last = revision
      }
      this.#compact(compaction)
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
    this.#bytesSinceCheckpoint += COMMIT_OVERHEAD_BYTES
    this.#recordAcknowledged(last)
  }

  /** What may wait until nobody does: checkpoint, giving space back. Throws when the disk fails. */
  tidy(): void {
    if (this.#bytesSinceCheckpoint < CHECKPOINT_BYTES) return
    // SQLite's own automatic checkpoint would swallow a failed fsync.
    this.#db.pragma('wal_checkpoint(PASSIVE)')
    this.#bytesSinceCheckpoint = 0
    const free = Number(this.#db.pragma('freelist_count', { simple: true }))
    const pages = Number(this.#db.pragma('page_count', { simple: true }))
    if (pages > VACUUM_MIN_PAGES && free > pages * FREE_PAGES_SHARE) this.#db.pragma(`incremental_vacuum(${VACUUM_SLICE_PAGES})`)
  }

  close(): void {
    this.#acknowledged.close()
    this.#db.close()
  }

  #openSeal(path: string, sealing: Sealing | undefined): ValueSeal | undefined {
    const state = this.#db.prepare<[], number>(`SELECT value FROM meta WHERE name = 'sealed'`).pluck().get() ?? NOT_SEALED
    if (sealing === undefined) {
      if (state === NOT_SEALED) return undefined
      throw new DatabaseRefused(`${path} is sealed: it can only be opened with its key`)
    }
    const { keyFile, prefixes } = sealing
    if (readKeyFile(keyFile) === 'missing') {
      if (state !== NOT_SEALED) {
        throw new DatabaseRefused(`${path} holds Secrets that are sealed, but their key ${keyFile} is missing: put it back`)
      }
      createKeyFile(keyFile)
    }
    const keys = readKeyFile(keyFile)
    if (keys === 'missing') throw new DatabaseRefused(`${keyFile} has gone again`)
    const seal = new ValueSeal(prefixes, keys)
    this.#sealStale(seal, { state, keyFile })
    return seal
  }

  /** Seals what is in the clear or an older key's; what stood in the clear is then nowhere in the files any more. */
  #sealStale(seal: ValueSeal, { state, keyFile }: { readonly state: number; readonly keyFile: string }): void {
    if (state === NOT_SEALED) this.#setSealed(SEALING)
    const rows = this.#db.prepare<[], Row>('SELECT revision, key, value, create_revision, checksum FROM log')
    const stale: number[] = []
    for (const row of rows.iterate()) {
      if (row.value === null || !seal.covers(row.key)) continue
      openValue(seal, checkedRow(this.#db.name, row), keyFile)
      if (seal.isStale(row.key, row.value)) stale.push(row.revision)
    }
    if (stale.length > 0) this.#sealAnew(seal, stale)
    if (state === SEALED) return
    // Deleted and superseded values may linger in free pages and in the write-ahead log.
    this.#db.exec('VACUUM')
    this.#db.pragma('wal_checkpoint(TRUNCATE)')
    this.#setSealed(SEALED)
  }

  #sealAnew(seal: ValueSeal, revisions: readonly number[]): void {
    const row = this.#db.prepare<[number], Row>(
      'SELECT revision, key, value, create_revision, checksum FROM log WHERE revision = ?',
    )
    const update = this.#db.prepare<[Uint8Array, number, number]>('UPDATE log SET value = ?, checksum = ? WHERE revision = ?')
    this.#db.transaction(() => {
      for (const revision of revisions) {
        const found = row.get(revision)
        if (found === undefined || found.value === null) continue
        const stored = seal.seal(found.key, seal.open(found.key, found.value))
        update.run(stored, checksum(revision, found.create_revision, found.key, stored), revision)
      }
    })()
  }

  #setSealed(state: number): void {
    this.#db.prepare<[number]>(`INSERT OR REPLACE INTO meta VALUES ('sealed', ?)`).run(state)
  }

  #opened(row: Row): LogRecord {
    const { revision, key, create_revision: createRevision } = row
    const value = row.value === null ? undefined : (this.#seal?.open(key, row.value) ?? row.value)
    return { revision, key, value, createRevision }
  }

  /** The commit is done, so failing here must not make it look undone: an older record only notices less. */
  #recordAcknowledged(revision: number): void {
    try {
      this.#acknowledged.write(revision)
    } catch {
      return
    }
  }

  #compact({ compactedRevision, obsolete }: { readonly compactedRevision: number; readonly obsolete: readonly number[] }): void {
    if (obsolete.length === 0) return
    for (const revision of obsolete) this.#remove.run(revision)
    if (compactedRevision <= this.#compactedRevision) return
    this.#setCompacted.run(compactedRevision)
    this.#compactedRevision = compactedRevision
  }

  /**
   * A database without its record is a copy from some time ago: others may have seen what was written after it. What
   * comes now must not pass for that, so the revision goes beyond it, and every watch from before begins anew.
   */
  #jumpAhead(): void {
    if (this.revision === FIRST_REVISION) return
    const beyond = this.revision + REVISION_JUMP
    this.#db.transaction(() => {
      this.#db.exec('DELETE FROM log WHERE value IS NULL OR revision NOT IN (SELECT max(revision) FROM log GROUP BY key)')
      this.#db.prepare<[number]>(`UPDATE meta SET value = ? WHERE name = 'compacted_revision'`).run(beyond)
    })()
    this.#compactedRevision = beyond
  }

  #checkAcknowledged(path: string): void {
    const acknowledged = readAcknowledged(recordPath(path))
    const { revision } = this
    if (acknowledged === undefined || acknowledged <= revision) return
    throw new DatabaseRefused(
      `${path} ends at revision ${revision}, but revision ${acknowledged} was acknowledged: it is damaged or was replaced by an older one. ` +
        `Restore it from a backup, or remove ${recordPath(path)} to go on without the ${acknowledged - revision} lost writes`,
    )
  }
}

function recordPath(path: string): string {
  return `${path}.acknowledged`
}

function openExclusively(path: string): Database.Database {
  let db: Database.Database | undefined
  try {
    db = new Database(path, { timeout: LOCK_WAIT_MS })
    chmodSync(path, 0o600)
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('auto_vacuum = INCREMENTAL')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    db.pragma('wal_autocheckpoint = 0')
    db.pragma(`cache_size = -${CACHE_KIB}`)
    prepareSchema(path, db)
    return db
  } catch (error) {
    db?.close()
    throw refusal(path, error)
  }
}

function prepareSchema(path: string, db: Database.Database): void {
  // Taken even when there is nothing to do: the first write makes the lock ours.
  db.exec('BEGIN EXCLUSIVE')
  const version = Number(db.pragma('user_version', { simple: true }))
  if (version > SCHEMA_VERSION)
    throw new DatabaseRefused(`${path} was written by a newer Skiff (format ${version}): use that one`)
  if (version === 0) db.exec(SCHEMA)
  // An earlier Skiff must not take sealed values for objects.
  else db.pragma(`user_version = ${SCHEMA_VERSION}`)
  db.exec('COMMIT')
  if (version === 0) syncDirectory(dirname(path))
}

function checkedRow(path: string, row: Row): Row {
  const { revision, key, create_revision: createRevision, value } = row
  if (checksum(revision, createRevision, key, value ?? undefined) === row.checksum) return row
  throw new DatabaseRefused(`${path} is damaged at revision ${revision} (${key}): restore it from a backup`)
}

function openValue(seal: ValueSeal, { key, value, revision }: Row, keyFile: string): void {
  try {
    if (value !== null && isSealed(value)) seal.open(key, value)
  } catch (error) {
    if (!(error instanceof UnknownSealError))
      throw new DatabaseRefused(`the value of ${key} at revision ${revision} does not open: restore a backup`)
    throw new DatabaseRefused(`${keyFile} is not the key of this database: ${key} is sealed with another; put the right key back`)
  }
}

function checksum(revision: number, createRevision: number, key: string, value: Uint8Array | undefined): number {
  const head = crc32(`${revision} ${createRevision} ${value === undefined ? 'deleted' : 'put'} ${key}`)
  return value === undefined ? head : crc32(value, head)
}

function refusal(path: string, error: unknown): DatabaseRefused {
  if (error instanceof DatabaseRefused) return error
  const code = error instanceof Database.SqliteError ? error.code : ''
  const why = error instanceof Error ? error.message : String(error)
  if (code.startsWith('SQLITE_BUSY')) {
    return new DatabaseRefused(`${path} is in use: another master runs on it; stop that one, or choose another --data-dir`)
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new DatabaseRefused(`${path} is damaged (${why}): restore it from a backup`)
  }
  const cure = code === 'SQLITE_FULL' ? ': make room where it is' : ''
  return new DatabaseRefused(`${path} can't be opened: ${why}${cure}`)
}
