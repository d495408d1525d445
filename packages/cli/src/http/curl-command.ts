/** What to type to see a server's page. */
export function curlCommand(host: string, port: number): string {
  return `curl http://${host.includes(':') ? `[${host}]` : host}${port === 80 ? '' : `:${port}`}/`
}
