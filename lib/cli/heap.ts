/**
 * How V8 uses the memory and the processors of a machine that has better things to do; imported before anything else. Only
 * for a process of our own: these are settings of the whole process.
 */
import { setFlagsFromString } from 'node:v8'

// by which factor the room for young objects grows, read whenever it is about to: what a database brings stays, and
// 32 MB of room for what does not last would save nothing
setFlagsFromString('--semi-space-growth-factor=1')
// in Node 20, before code is optimized on other threads: a database that comes in once is over before that pays off, and
// costs twice as much with it. Later ones have a cheaper compiler in between, and no such flag
if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=500000')
