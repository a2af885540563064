import { DISPLIF_NODES } from "./displif-nodes.ts";
import { DISPLIF_PACKETS } from "./displif-packets.ts";
import { DISPLIF_STATES } from "./displif-states.ts";
import type { Requirement } from "./requirement.ts";

/** Every sentence of displif.h that binds somebody, in header order. */
export const DISPLIF: readonly Requirement[] = [
	...DISPLIF_NODES,
	...DISPLIF_STATES,
	...DISPLIF_PACKETS,
];
