import t from 'tap'
import * as constants from '../../lib/core/constants.ts'
import { ip } from './bench.ts'

t.test('appendix B: the architectural constants', async (t) => {
  t.match(constants, {
    LS_REFRESH_TIME_S: 30 * 60,
    MIN_LS_INTERVAL_MS: 5 * 1000,
    MIN_LS_ARRIVAL_MS: 1000,
    MAX_AGE_S: 60 * 60,
    MAX_AGE_DIFF_S: 15 * 60,
    LS_INFINITY: 0xffffff,
    // as signed 32-bit integers
    INITIAL_SEQUENCE: 0x80000001 | 0,
    MAX_SEQUENCE: 0x7fffffff,
  })
})

t.test('A.1: the multicast groups', async (t) => {
  t.equal(constants.ALL_SPF_ROUTERS, ip('224.0.0.5'))
  t.equal(constants.ALL_D_ROUTERS, ip('224.0.0.6'))
})
