/** The wrong implementations below fixtures/, each with what it says of itself. */
import { readdirSync } from "node:fs";
import type { Wrong } from "../../fixtures/wrong.ts";
import type { PeerModule } from "../../src/peer/peer.ts";

export interface WrongModule {
	/** From the repository's root, with `/`. */
	file: string;
	wrong: Wrong;
	module: PeerModule;
}

/** Names of the files, in order; the path is from the repository's root. */
export const wrongFiles = (): string[] =>
	readdirSync("fixtures/peers")
		.filter((name) => name.endsWith(".ts"))
		.sort()
		.map((name) => `fixtures/peers/${name}`);

export async function loadWrong(file: string): Promise<WrongModule> {
	const name = file.slice(file.lastIndexOf("/") + 1, -".ts".length);
	const module = await import(`../../fixtures/peers/${name}.ts`);
	return { file, wrong: module.wrong, module };
}

/** What is wrong with it, from the first line of its source. */
export function saysOf(source: string): string {
	const found = /^\/\*\*(?:\n \*)? Wrong on purpose: ([\s\S]*?)\s*\*\//.exec(
		source,
	);
	if (found === null)
		throw new Error("the first line says no `Wrong on purpose: …`");
	return (found[1] as string).replaceAll(/\s*\n \* ?/g, " ");
}
