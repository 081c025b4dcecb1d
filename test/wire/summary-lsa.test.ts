/** The body of summary-LSAs. */
import t from 'tap'
import {
  decodeSummaryLsa,
  encodeSummaryLsa,
  type SummaryLsaBody,
} from '../../lib/wire/summary-lsa.ts'
import { lsas } from './captured.ts'
import { bodyCodec, check, fromHex, refused } from './codec.ts'

const format = { minimum: 8, item: 4 }
const network = bodyCodec('type 3', encodeSummaryLsa, (r) => decodeSummaryLsa(3, r), format)
const asbr = bodyCodec('type 4', encodeSummaryLsa, (r) => decodeSummaryLsa(4, r), format)

const values: SummaryLsaBody[] = [
  { kind: 'summary', mask: 0xffffff00, metric: 10, tos: [] },
  { kind: 'summary', mask: 0, metric: 0xffffff, reserved: 0xff, tos: [] },
  { kind: 'summary', mask: 0xffffffff, metric: 0, tos: [{ tos: 8, metric: 0xfffffe }] },
]

t.test('there and back', async (t) => {
  check(t, network, { values, bytes: [lsas.summaryNetwork.slice(40)] })
  check(t, asbr, { values, bytes: [lsas.summaryAsbr.slice(40)] })
})

t.test('the mask counts in type 3 and is without meaning in type 4', async (t) => {
  const holes = fromHex('ff00ff000000000a')
  refused(t, () => network.decode(holes), 'mask', 0)
  t.equal(asbr.decode(holes).metric, 10)
})
