/** Aborts at SIGTERM or SIGINT; a second one ends the process at once, as people expect of Ctrl-C twice. */
export function untilSignal(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController()
  const abort = () => controller.abort()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(1)
      abort()
    })
  }
  return { signal: controller.signal, abort }
}
