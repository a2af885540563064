/** Who can owe a promise: the two sides of displif, the party that writes the device nodes, and our own hypervisor. */
export type Party = "frontend" | "backend" | "toolstack" | "world";

/** must: breaking it fails the case; should: a warning; may: a note. */
export type Level = "must" | "should" | "may";

/** What `breaks` says of a scripted side whose every breach is on purpose: stories that nobody wrote have such. */
export const ANYTHING = "anything";
