import spinner from 'yocto-spinner'

/** Says what is under way: a spinner on a terminal, nothing but the outcome in a pipe. */
export async function showProgress<T>(doing: string, work: () => Promise<{ result: T; done: string }>): Promise<T> {
  const shown = process.stderr.isTTY ? spinner({ text: doing, stream: process.stderr }).start() : undefined
  try {
    const { result, done } = await work()
    shown?.stop()
    process.stdout.write(`${done}\n`)
    return result
  } catch (error) {
    shown?.stop()
    throw error
  }
}
