/** What is understood and turned into options that the speaker does not have: refused with the reason, until it has. */

/** Why a statement is refused, by what it needs. */
export const reasons = {
  helloMultiplier: 'Hellos more often than once a second are not supported',
  redistribute: 'redistribution is not supported',
  defaultInformation: 'a default route is not originated',
  summaryAddresses: 'externals are not summarized',
} as const

export type Feature = keyof typeof reasons

/** Take out what the speaker has learned; `startOptions` passes it on. */
export const lacking: ReadonlySet<Feature> = new Set<Feature>()
