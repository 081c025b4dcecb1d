import t from 'tap'
import { realClock } from '../lib/clock.ts'
import type { Link } from '../lib/ports.ts'
import { Sockets, type UsableLink } from '../lib/sockets.ts'

const [ours, other, peer] = [0x0a000101, 0x0a000201, 0x0a000102]

const link = (name: string, index: number, address: number): UsableLink => ({
  name,
  index,
  up: true,
  loopback: false,
  broadcast: true,
  mtu: 1500,
  address,
  prefixLength: 24,
  addresses: [],
})

/** Sockets whose routed ones tell what they are bound to. */
function world() {
  const said: string[] = []
  const vrfs = new Map<string, Pick<Link, 'name' | 'index'>>()
  const sockets = new Sockets({
    clock: realClock,
    datagrams: {
      open: () => ({
        closed: false,
        send() {},
        membership() {},
        async [Symbol.asyncDispose]() {},
      }),
      openRouted(_, vrf = 'anywhere') {
        if (vrf === 'gone') throw new Error('no device gone')
        said.push(`open ${vrf}`)
        return {
          send: () => said.push(`send ${vrf}`),
          async [Symbol.asyncDispose]() {
            said.push(`close ${vrf}`)
          },
        }
      },
    },
    receive() {},
    failed: (where, cause) => said.push(`${where}: ${(cause as Error).message}`),
    link: () => undefined,
    vrf: (name) => vrfs.get(name),
    isElected: () => false,
  })
  const send = (source = ours): void => sockets.sendRouted(source, peer, new Uint8Array())
  return { sockets, vrfs, send, take: () => said.splice(0) }
}

t.test('packets of virtual links are routed in the VRF of their interface', async (t) => {
  const { sockets, vrfs, send, take } = world()
  sockets.open('eth0', link('eth0', 2, ours))
  sockets.open('eth1', link('eth1', 3, other))
  sockets.openRouted()
  send()
  t.strictSame(take(), ['open anywhere', 'send anywhere'], 'no VRF')

  vrfs.set('eth0', { name: 'red', index: 9 })
  send()
  send()
  t.strictSame(take(), ['close anywhere', 'open red', 'send red', 'send red'], 'put into one')

  vrfs.set('eth0', { name: 'red', index: 10 })
  send()
  t.strictSame(take(), ['close red', 'open red', 'send red'], 'another device of that name')

  send(other)
  t.strictSame(take(), ['close red', 'open anywhere', 'send anywhere'], 'of another interface')

  vrfs.set('eth0', { name: 'gone', index: 11 })
  send()
  t.strictSame(take(), ['close anywhere', 'virtual links: no device gone'], 'said, and not sent')
  vrfs.delete('eth0')
  send()
  t.strictSame(take(), ['open anywhere', 'send anywhere'], 'and tried again')

  await sockets.close()
  t.strictSame(take(), ['close anywhere'])
  send()
  t.strictSame(take(), [], 'closed is closed')
})

t.test('opened in the VRF from the start', async (t) => {
  const { sockets, vrfs, send, take } = world()
  vrfs.set('eth0', { name: 'red', index: 9 })
  sockets.open('eth0', link('eth0', 2, ours))
  sockets.openRouted()
  send()
  t.strictSame(take(), ['open red', 'send red'])
  sockets.shutRouted()
  t.strictSame(take(), ['close red'])
})
