/** What the hypervisor keeps of one domain. */
import type { GrantTable, Maptrack } from "./grant.ts";
import type { Physmap } from "./physmap.ts";

/**
 * - `running`: its tasks take turns.
 * - `hung`: nothing of it runs, and nobody has been told.
 * - `crashed`: shut down; it keeps mappings, ports and pages until destroyed.
 * - `zombie`: destroyed, but pages of it are still mapped elsewhere, so it keeps its number.
 */
export type Life = "running" | "hung" | "crashed" | "zombie";

export interface DriverObject {
	kind: string;
	name: string;
}

export interface Domain {
	readonly domid: number;
	life: Life;
	readonly physmap: Physmap;
	readonly grants: GrantTable;
	readonly maptrack: Maptrack;
	readonly objects: Map<number, DriverObject>;
	nextObject: number;
	/** Lock id to the task that holds it. */
	readonly locks: Map<number, number>;
	/** Completion id to how often it was completed and not yet waited for. */
	readonly completions: Map<number, number>;
	/** Displays this domain has opened. */
	readonly displays: Set<number>;
}
