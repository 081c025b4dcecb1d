/** Lines of /proc/net/ip_vs_conn, as Linux 6.1 writes them. */
import t from 'tap'
import { parseConnection } from '../../lib/lvs/ipvs-connections.ts'

t.test('connections and templates of both families', async (t) => {
  t.strictSame(
    parseConnection('TCP 0A000001 A2B4 0A000064 0050 0A000101 1F90 ESTABLISHED     899'),
    {
      protocol: 'tcp',
      client: { address: '10.0.0.1', port: 0xa2b4 },
      virtual: { address: '10.0.0.100', port: 80 },
      destination: { address: '10.0.1.1', port: 8080 },
      state: 'ESTABLISHED',
      expires: 899,
    },
  )
  const full = (group: string): string => `2001:0db8:0000:0000:0000:0000:0000:${group}`
  t.strictSame(
    parseConnection(
      `UDP ${full('0001')} 13C4 ${full('0064')} 13C4 [${full('0002')}] 13C4 NONE 59 sip abc@host`,
    ),
    {
      protocol: 'udp',
      client: { address: '2001:db8::1', port: 5060 },
      virtual: { address: '2001:db8::64', port: 5060 },
      destination: { address: '2001:db8::2', port: 5060 },
      state: 'NONE',
      expires: 59,
      engine: 'sip',
      engineData: 'abc@host',
    },
  )
})

t.test('anything else is no connection', async (t) => {
  const line = 'TCP 0A000001 A2B4 0A000064 0050 0A000101 1F90 ESTABLISHED     899'
  for (const other of [
    'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData',
    '',
    line.replace('0A000001', '0A00000G'),
    line.replace('A2B4', 'A2B'),
    line.replace('899', 'soon'),
    ...Array.from({ length: line.indexOf('899') }, (_, i) => line.slice(0, i)),
  ]) {
    t.equal(parseConnection(other), undefined, other)
  }
})
