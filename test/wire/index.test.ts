/** The public names of `ospf-speaker/wire`: adding or losing one is a decision. */
import t from 'tap'
import * as wire from '../../lib/wire/index.ts'

t.test('public names', async (t) => {
  t.strictSame(Object.keys(wire).sort(), [
    'DecodeError',
    'LSA_HEADER_LENGTH',
    'LsType',
    'Option',
    'PACKET_HEADER_LENGTH',
    'PacketType',
    'Reader',
    'Writer',
    'decodeLsa',
    'decodeLsaHeader',
    'decodePacket',
    'decodePacketHeader',
    'decodeRawLsa',
    'encodeLsa',
    'encodeLsaHeader',
    'encodePacket',
    'fletcher',
    'fletcherOk',
    'formatIpv4',
    'formatOptions',
    'formatPrefix',
    'ipChecksum',
    'lengthOfMask',
    'lsaKey',
    'maskOf',
    'networkOf',
    'opaqueLsId',
    'optionNames',
    'parseIpv4',
    'verifyChecksum',
    'withAge',
  ])
})
