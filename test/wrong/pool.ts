/** Work spread over worker threads that run this same program; one that gives no answer in time is ended and replaced. */
import { isMainThread, parentPort, Worker } from "node:worker_threads";

export { isMainThread };

/** What a worker says: the answer, or that it still gets on. */
type Word<Answer> = { answer: Answer } | "alive";

/** Answer each job that the main thread sends. For the worker's side. Work that is made of many parts says `alive` after each. */
export function serve<Job, Answer>(
	work: (job: Job, alive: () => void) => Promise<Answer>,
): void {
	const say = (word: Word<Answer>) => parentPort?.postMessage(word);
	parentPort?.on("message", async (job: Job) => {
		say({ answer: await work(job, () => say("alive")) });
	});
}

/**
 * Every job's answer, in the order of the jobs; undefined for one that said nothing for `patience` milliseconds or ended its worker. `told` is
 * called as they come.
 */
export async function spread<Job, Answer>(
	jobs: readonly Job[],
	{
		workers = 2,
		patience = 120_000,
		told = () => {},
	}: {
		workers?: number;
		patience?: number;
		told?(job: Job, answer: Answer | undefined): void;
	} = {},
): Promise<(Answer | undefined)[]> {
	const answers: (Answer | undefined)[] = jobs.map(() => undefined);
	let next = 0;
	const one = async () => {
		let worker: Worker | undefined;
		while (next < jobs.length) {
			const at = next++;
			const job = jobs[at] as Job;
			worker ??= new Worker(process.argv[1] as string, {
				argv: process.argv.slice(2),
			});
			const answer = await ask<Job, Answer>(worker, job, patience);
			if (answer === undefined) {
				await worker.terminate();
				worker = undefined;
			}
			answers[at] = answer;
			told(job, answer);
		}
		await worker?.terminate();
	};
	await Promise.all(Array.from({ length: workers }, one));
	return answers;
}

function ask<Job, Answer>(
	worker: Worker,
	job: Job,
	patience: number,
): Promise<Answer | undefined> {
	return new Promise((resolve) => {
		const end = (answer: Answer | undefined) => {
			clearTimeout(late);
			worker.off("message", heard);
			worker.off("error", failed);
			resolve(answer);
		};
		const heard = (word: Word<Answer>) => {
			if (word === "alive") late.refresh();
			else end(word.answer);
		};
		const failed = (error: Error) => {
			process.stderr.write(`${error.stack ?? error.message}\n`);
			end(undefined);
		};
		const late = setTimeout(() => end(undefined), patience);
		worker.on("message", heard);
		worker.on("error", failed);
		worker.postMessage(job);
	});
}
