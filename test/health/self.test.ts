import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { type SelfOptions, self } from '../../lib/health/self.ts'

const never = new AbortController().signal

t.test('a server that must be listening', async (t) => {
  const server = createServer()
  const probe = self({ server })
  await t.rejects(probe(never), { message: 'the server is not listening' })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await probe(never)
  server.close()
  await t.rejects(probe(never), { message: 'the server is not listening' })
})

t.test('memory', async (t) => {
  await self({ maximumMemory: 1e6 })(never)
  await t.rejects(self({ maximumMemory: 1 })(never), {
    message: /^\d+ MB of memory, expected at most 1$/,
  })
})

t.test('an event loop that is late', async (t) => {
  const probe = self({ maximumDelay: 150 })
  await probe(never)
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  await pause(50)
  for (const end = performance.now() + 400; performance.now() < end; );
  await pause(50)
  await t.rejects(probe(never), {
    message: /^the event loop was \d+ ms late, expected at most 150$/,
  })
})

t.test('what cannot be asked for', async (t) => {
  const refuses = (options: unknown, message: RegExp): void => {
    t.throws(() => self(options as SelfOptions), { code: 'ERR_OSPF_CONFIG', message })
  }
  refuses({ maximumDelay: 0 }, /^maximumDelay must be a number above 0/)
  refuses({ maximumMemory: Number.NaN }, /^maximumMemory must be/)
  refuses({ server: {} }, /^server must be a server/)
})
