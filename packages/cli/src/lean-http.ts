/**
 * `import` of node:http reads all its exports, and with them the WebSocket client that Node loads when it is first
 * looked at: 14 MB in each of our processes, which use another one. Called before anything imports node:http.
 */
export function leaveOutHttpWebSocket(): void {
  const http = process.getBuiltinModule('node:http')
  for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent'])
    Object.defineProperty(http, name, { value: undefined, configurable: true })
}
