import { readFileSync } from 'node:fs'
import { createHttps } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'

const https = createHttps(new Stack()) // what node:https exports
const [key, cert] = [readFileSync('key.pem'), readFileSync('cert.pem')]

const server = https.createServer({ key, cert }, (_, response) => response.end('sealed\n')).listen(443)
https.get('https://localhost/', { ca: cert }, (response) => {
  response.pipe(process.stdout) // prints: sealed
  response.on('end', () => server.close())
})
