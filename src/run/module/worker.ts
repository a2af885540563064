/** Runs cases with a user's modules in a worker, so that a module that loops, exits or blocks can be ended from outside. */
import { parentPort, workerData } from "node:worker_threads";
import backend from "../../peer/backend.ts";
import frontend from "../../peer/frontend.ts";
import type { PeerModule } from "../../peer/peer.ts";
import type { WorldModule } from "../../xen/world.ts";
import { type CaseOptions, runCase } from "../case.ts";
import { journalLines } from "../journal-file.ts";
import { loadModule } from "./load.ts";
import {
	BEGUN,
	type FromWorker,
	type ToWorker,
	TURNS,
	WHOSE,
	type WorkerSetup,
} from "./protocol.ts";

const REFERENCE = {
	frontend: { default: frontend },
	backend: { default: backend },
};

/** Whose code runs while a module is loaded. */
const DOMAINS = { frontend: 2, backend: 1, world: 0 };

async function serve(): Promise<void> {
	const port = parentPort;
	if (port === null) throw new Error("this file runs in a worker");
	const setup = workerData as WorkerSetup;
	const progress = new Int32Array(setup.progress);
	const say = (message: FromWorker) => port.postMessage(message);
	const turn = (domid: number, begun: boolean) => {
		Atomics.store(progress, WHOSE, domid);
		Atomics.store(progress, BEGUN, begun ? 1 : 0);
		Atomics.add(progress, TURNS, 1);
	};
	const under: { frontend?: PeerModule; backend?: PeerModule } = {};
	const own: { world?: WorldModule } = {};
	for (const role of ["frontend", "backend", "world"] as const) {
		const path = setup[role];
		if (path === undefined) continue;
		const loaded = await loadModule<PeerModule & WorldModule>(path, () =>
			turn(DOMAINS[role], false),
		);
		turn(0, false);
		if (!loaded.ok) {
			say({
				kind: "unusable",
				message: loaded.message,
				...(loaded.detail === undefined ? {} : { detail: loaded.detail }),
			});
			return;
		}
		if (role === "world") own.world = loaded.module;
		else under[role] = loaded.module;
	}
	say({
		kind: "ready",
		lacks: {
			frontend: under.frontend?.lacks ?? [],
			backend: under.backend?.lacks ?? [],
		},
	});
	port.on("message", async (message: ToWorker) => {
		turn(0, false);
		const { story, journal, kind: _kind, ...rest } = message;
		const options: CaseOptions = {
			...rest,
			reference: REFERENCE,
			under,
			...own,
			onTurn: turn,
		};
		const run = await runCase(story, options);
		const failed = run.report.outcome !== "passed" && run.journal !== undefined;
		if (failed) {
			// Same scenario, same choices, same bytes: a module that tells another story the second time has a clock, a die or a memory of its own.
			const again = await runCase(story, options);
			if (again.journal?.hash() !== run.journal?.hash()) {
				const text =
					"the same case with the same choices went another way the second time: the module is not deterministic";
				run.report = {
					...run.report,
					outcome: "error",
					reason: text,
					error: { class: "nondeterministic", message: text },
				};
			}
		}
		// A promise that was rejected and that nobody awaits ends the worker now, while it is known whose case it was.
		turn(0, true);
		await new Promise((heard) => setImmediate(heard));
		say({
			kind: "done",
			report: run.report,
			journal:
				journal && run.journal !== undefined
					? journalLines(story.id, run.journal)
					: undefined,
		});
	});
}

void serve();
