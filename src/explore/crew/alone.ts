/** The jobs of a campaign done here, one after the other: for the reference, and for modules that are trusted to come back. */
import { Hand, type Job } from "../job.ts";
import type { Setup } from "../once.ts";
import type { Workforce } from "./crew.ts";

export class Alone implements Workforce {
	private readonly hand: Hand;

	constructor(setup: Setup) {
		this.hand = new Hand(setup);
	}

	async work(
		jobs: readonly Job[],
		done: Parameters<Workforce["work"]>[1],
		stopped: () => boolean,
	): Promise<void> {
		for (const [at, job] of jobs.entries()) {
			if (stopped()) return;
			done(at, await this.hand.work(job), []);
		}
	}
	async end(): Promise<void> {
		// It holds nothing that would outlive it.
	}
}
