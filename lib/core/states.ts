/** States as RFC 2328 spells them. */

/** Section 9.1. */
export type InterfaceState =
  | 'Down'
  | 'Loopback'
  | 'Waiting'
  | 'Point-to-point'
  | 'DROther'
  | 'Backup'
  | 'DR'

/** Section 10.1. */
export type NeighborState =
  | 'Down'
  | 'Attempt'
  | 'Init'
  | '2-Way'
  | 'ExStart'
  | 'Exchange'
  | 'Loading'
  | 'Full'
