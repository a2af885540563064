/** Who can owe a promise: the two sides of displif, the party that writes the device nodes, and our own hypervisor. */
export type Party = "frontend" | "backend" | "toolstack" | "world";

/** must: breaking it fails the case; should: a warning; may: a note. */
export type Level = "must" | "should" | "may";
