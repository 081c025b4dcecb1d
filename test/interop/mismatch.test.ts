/**
 * What must be the same on both sides and is not: no adjacency with FRR, and one event that names the field, both
 * values and the neighbor; once, however many packets come. Mended, the adjacency forms.
 */
import t, { type Test } from 'tap'
import type { InterfaceOptions, MismatchField } from '../../lib/index.ts'
import { Frr, full, type PlannedInterface } from './daemons.ts'
import { Lab, missing, until } from './lab.ts'
import { onEth0, SpeakerChild } from './speakers.ts'

t.setTimeout(120_000)
t.jobs = 4

const ours = '10.0.1.2'
const theirs = '10.0.1.1'
/** Hellos that go by, at one a second, while nothing more must be said. */
const patience = 6000

interface Case {
  /** Where FRR departs from the classic settings. */
  readonly frr?: Partial<PlannedInterface>
  readonly speaker?: InterfaceOptions
  readonly prefixLength?: number
  /** The peer's MTU, octets. */
  readonly mtu?: number
  readonly field: MismatchField
  readonly values: readonly [ours: string, theirs: string]
  /** Makes it differ otherwise, which is worth another event. */
  readonly change?: { readonly to: string; readonly make: (frr: Frr) => Promise<unknown> }
  readonly mend: (frr: Frr, lab: Lab) => Promise<unknown>
}

const onInterface = (frr: Frr, ...lines: readonly string[]): Promise<string> =>
  frr.vtysh('configure terminal', 'interface eth0', ...lines)

const cases: Readonly<Record<string, Case>> = {
  'hello interval': {
    frr: { hello: 2 },
    field: 'HelloInterval',
    values: ['1 s', '2 s'],
    mend: (frr) => onInterface(frr, 'ip ospf hello-interval 1', 'ip ospf dead-interval 4'),
  },
  'dead interval': {
    frr: { dead: 8 },
    field: 'RouterDeadInterval',
    values: ['4 s', '8 s'],
    change: { to: '9 s', make: (frr) => onInterface(frr, 'ip ospf dead-interval 9') },
    mend: (frr) => onInterface(frr, 'ip ospf dead-interval 4'),
  },
  mask: {
    prefixLength: 25,
    field: 'network mask',
    values: ['255.255.255.128 (/25)', '255.255.255.0 (/24)'],
    // Here it is our side that is mended, while the speaker runs.
    mend: async (_, lab) => {
      await lab.exec('speaker', ['ip', 'address', 'del', `${ours}/25`, 'dev', 'eth0'])
      await lab.exec('speaker', ['ip', 'address', 'add', `${ours}/24`, 'dev', 'eth0'])
    },
  },
  area: {
    frr: { area: '0.0.0.7' },
    field: 'area',
    values: ['0.0.0.0', '0.0.0.7'],
    mend: (frr) =>
      frr.vtysh(
        'configure terminal',
        'router ospf',
        'no network 10.0.1.0/24 area 0.0.0.7',
        'network 10.0.1.0/24 area 0.0.0.0',
      ),
  },
  MTU: {
    mtu: 1600,
    field: 'MTU',
    values: ['1500', '1600'],
    mend: (_, lab) => lab.exec('speaker', ['ip', 'link', 'set', 'eth0', 'mtu', '1600']),
  },
}

for (const [name, each] of Object.entries(cases)) {
  t.test(name, { skip: missing('frr') }, (t) => differs(t, each))
}

async function build(
  t: Test,
  { frr = {}, speaker = {}, prefixLength = 24, mtu }: Partial<Case>,
): Promise<{ readonly lab: Lab; readonly frr: Frr; readonly speaker: SpeakerChild }> {
  const lab = Lab.for(t)
  lab.node('frr')
  lab.node('speaker')
  lab.lan('lan', { frr: `${theirs}/24`, speaker: `${ours}/${prefixLength}` })
  if (mtu !== undefined) await lab.exec('frr', ['ip', 'link', 'set', 'eth0', 'mtu', `${mtu}`])
  const daemon = new Frr(lab, 'frr', {
    routerId: theirs,
    interfaces: [{ name: 'eth0', network: '10.0.1.0/24', ...frr }],
  })
  await daemon.start()
  const child = await SpeakerChild.start(t, lab, 'speaker', onEth0(ours, speaker))
  return { lab, frr: daemon, speaker: child }
}

async function differs(t: Test, each: Case): Promise<void> {
  const { field, values, change, mend } = each
  const { lab, frr, speaker } = await build(t, each)
  await until(() => speaker.events('mismatch').length > 0, { what: 'the mismatch is said' })
  await new Promise((resolve) => setTimeout(resolve, patience))
  const said = speaker.events('mismatch')
  t.strictSame(
    said.map(({ event }) => event),
    [
      {
        type: 'mismatch',
        interface: 'eth0',
        routerId: theirs,
        address: theirs,
        field,
        ours: values[0],
        theirs: values[1],
      },
    ],
    'one event',
  )
  t.equal(
    said[0]?.line,
    `neighbor ${theirs} (${theirs}) on eth0: ${field} differs: ours ${values[0]}, theirs ${values[1]}`,
  )
  t.strictSame(await speaker.fullNeighbors(), [])
  t.strictSame(await frr.fullNeighbors(), [])
  t.notOk(speaker.states(theirs).includes('Full'), 'never Full')

  if (change) {
    await change.make(frr)
    await until(() => speaker.events('mismatch').length > 1, { what: 'the change is said' })
    t.match(speaker.events('mismatch')[1]?.event, { field, ours: values[0], theirs: change.to })
  }

  const since = Date.now()
  await mend(frr, lab)
  await full(frr, [ours])
  await until(() => speaker.states(theirs, since).at(-1) === 'Full', { what: 'mended: Full' })
  t.strictSame(
    speaker.events('mismatch', { since: since + 2000 }).map(({ line }) => line),
    [],
    'nothing differs any more',
  )
}

t.test('the mask does not matter point-to-point', { skip: missing('frr') }, async (t) => {
  const { frr, speaker } = await build(t, {
    frr: { type: 'point-to-point' },
    speaker: { network: 'point-to-point' },
    prefixLength: 25,
  })
  await full(frr, [ours])
  await until(() => speaker.states(theirs).at(-1) === 'Full', { what: 'Full' })
  t.strictSame(speaker.events('mismatch'), [])
})
