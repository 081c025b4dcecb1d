/** The bars that are set: by figures of the peers in the same run, or as they are. */
import type { Make } from './bed.ts'

/** Whose figures there are: a C program with the same algorithm is a peer as well. */
export type Subject = Make | 'c'

export interface Target {
  readonly text: string
  /** What our figure is to be at most, or at least. */
  bound(medians: Partial<Record<Subject, number>>): number | undefined
  readonly least?: true
}

const most = (value: number): Target => ({ text: `at most ${value}`, bound: () => value })
const least = (value: number): Target => ({
  text: `at least ${value}`,
  bound: () => value,
  least: true,
})
const asFrr = (times = 1): Target => ({
  text: times === 1 ? 'as FRR' : `${times} times FRR`,
  bound: ({ frr }) => frr && frr * times,
})
const asBird: Target = { text: 'as BIRD', bound: ({ bird }) => bird }
const asC = (times: number): Target => ({
  text: `${times} times C`,
  bound: ({ c }) => c && c * times,
})
const asFaster: Target = {
  text: 'as the faster',
  bound: ({ frr, bird }) =>
    Math.min(frr ?? Number.POSITIVE_INFINITY, bird ?? Number.POSITIVE_INFINITY),
}

const churn: Record<string, Target> = {
  'CPU, %': asFrr(3),
  'acknowledged, %': least(100),
  'longest gap between Hellos, ms': most(1100),
}

/** By scenario and figure. */
export const targets: Readonly<Record<string, Readonly<Record<string, Target>>>> = {
  'cold start': { 'first hello, ms': most(300) },
  'load 10000, flooded': {
    'last route, ms': asFaster,
    'CPU, s': asFrr(),
    'resident, MB': most(120),
    'a LSA, kB': most(2),
  },
  'load 10000, exchanged': { 'last route, ms': asBird },
  'change among 1000': { 'one stub, ms': most(3) },
  'change among 10000': { 'one stub, ms': most(10), 'all routes, ms': asFrr() },
  'churn 1000/s': churn,
  'churn 5000/s': churn,
  'SPF beside C, grid of 10000': { 'tree, ms': asC(2) },
  'SPF beside C, sparse of 10000': { 'tree, ms': asC(2) },
  'SPF beside C, grid of 100000': { 'tree, ms': asC(2) },
  'SPF beside C, sparse of 100000': { 'tree, ms': asC(2) },
  VIP: { 'withdrawn, ms': most(2) },
  'idle, 50 neighbors': { 'CPU, %': most(1), 'resident, MB': most(80) },
}
