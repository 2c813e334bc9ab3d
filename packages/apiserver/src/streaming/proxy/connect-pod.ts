import { Duplex } from 'node:stream'
import type { Pod } from '@skiff/api'
import type { Agents } from '../agent/agents.ts'
import { openPort, relayPort } from '../port-forward/agent-port.ts'

/** A connection into the pod, through its node's agent: it works from wherever the master runs, and reaches nothing else. */
export async function connectPod(agents: Agents, pod: Pod, port: number): Promise<Duplex> {
  const socket = await openPort(agents, pod, port)
  const [near, far] = duplexPair()
  void relayPort(far, socket).then((problem) => {
    if (problem !== undefined) near.destroy(new Error(problem))
  })
  return near
}

function duplexPair(): [Duplex, Duplex] {
  const pair = [new HalfPipe(), new HalfPipe()] as const
  pair[0].join(pair[1])
  pair[1].join(pair[0])
  return [pair[0], pair[1]]
}

/** One end of a pipe in memory: what is written here is read at the other end. */
class HalfPipe extends Duplex {
  #other: HalfPipe | undefined
  #written: (() => void) | undefined

  join(other: HalfPipe): void {
    this.#other = other
    this.on('error', () => undefined)
  }

  override _read(): void {
    this.#other?.release()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#other === undefined || this.#other.destroyed || this.#other.push(chunk)) done()
    else this.#written = done
  }

  override _final(done: () => void): void {
    if (this.#other?.destroyed === false) this.#other.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.release()
    if (this.#other?.destroyed === false) this.#other.destroy()
    done(error)
  }

  release(): void {
    const written = this.#written
    this.#written = undefined
    written?.()
  }
}
