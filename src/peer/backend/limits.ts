/**
 * What each guest makes this backend hold, over all its devices: displif.h leaves a guest free to ask for any amount, so the backend
 * needs its own limits. What waits in the quarantine still counts: a guest that keeps pages busy does not get new ones by reconnecting.
 */
import type { BackendLimits } from "../peer.ts";

export type Usage = Record<keyof BackendLimits, number>;

export class Limits {
	protected readonly limits: BackendLimits;
	private readonly guests = new Map<number, Usage>();

	constructor(limits: BackendLimits) {
		this.limits = limits;
	}

	usage(fe: number): Usage {
		let usage = this.guests.get(fe);
		if (usage === undefined) {
			usage = { buffers: 0, framebuffers: 0, bytes: 0, pages: 0 };
			this.guests.set(fe, usage);
		}
		return usage;
	}

	/** Whether the guest may have so much more. */
	allows(fe: number, more: Partial<Usage>): boolean {
		const usage = this.usage(fe);
		return (Object.keys(more) as (keyof Usage)[]).every(
			(what) => usage[what] + (more[what] ?? 0) <= this.limits[what],
		);
	}

	add(fe: number, more: Partial<Usage>): void {
		const usage = this.usage(fe);
		for (const what of Object.keys(more) as (keyof Usage)[])
			usage[what] += more[what] ?? 0;
	}

	drop(fe: number, less: Partial<Usage>): void {
		const usage = this.usage(fe);
		for (const what of Object.keys(less) as (keyof Usage)[])
			usage[what] -= less[what] ?? 0;
	}
}
