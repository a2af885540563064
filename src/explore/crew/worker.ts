/** A worker of a campaign: loads the modules under test, if any, and does the jobs it is sent. */
import { parentPort, workerData } from "node:worker_threads";
import backend from "../../peer/backend.ts";
import frontend from "../../peer/frontend.ts";
import type { PeerModule } from "../../peer/peer.ts";
import { loadModule } from "../../run/module/load.ts";
import { Hand } from "../job.ts";
import { isKnown } from "../known.ts";
import {
	AT,
	BEAT,
	CHOICES,
	type FromWorker,
	LENGTH,
	type ToWorker,
	TRAIL,
	type WorkerSetup,
} from "./protocol.ts";

async function serve(): Promise<void> {
	const port = parentPort;
	if (port === null) throw new Error("this file runs in a worker");
	const { paths, progress, known, ...setup } = workerData as WorkerSetup;
	const words = new Int32Array(progress);
	const say = (message: FromWorker) => port.postMessage(message);
	const under: { frontend?: PeerModule; backend?: PeerModule } = {};
	for (const role of ["frontend", "backend"] as const) {
		const path = paths[role];
		if (path === undefined) continue;
		const loaded = await loadModule(path, () => {});
		if (!loaded.ok) {
			say({ kind: "unusable", message: `${role}: ${loaded.message}` });
			return;
		}
		under[role] = loaded.module;
	}
	const labels = new Map<string, number>();
	const numberOf = (label: string): number => {
		const known = labels.get(label);
		if (known !== undefined) return known;
		const number = labels.size;
		labels.set(label, number);
		say({ kind: "label", number, label });
		return number;
	};
	const hand = new Hand({
		...setup,
		reference: {
			frontend: { default: frontend },
			backend: { default: backend },
		},
		under,
		known: isKnown(known),
		onTurn: () => Atomics.add(words, BEAT, 1),
		onBegin: () => Atomics.store(words, LENGTH, 0),
		onChoice(label, occurrence, value) {
			const length = Atomics.load(words, LENGTH);
			if (length === CHOICES) return;
			words.set([numberOf(label), occurrence, value], TRAIL + 3 * length);
			Atomics.store(words, LENGTH, length + 1);
		},
	});
	say({ kind: "ready" });
	port.on("message", async ({ job, except }: ToWorker) => {
		const answer = await hand.work(
			job,
			(index, picks) => {
				Atomics.store(words, AT, index);
				Atomics.store(words, LENGTH, 0);
				say({ kind: "begins", picks });
			},
			except,
		);
		say({ kind: "done", answer });
	});
}

void serve();
