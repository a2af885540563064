/** The wrong implementations below fixtures/, each with what it says of itself. */
import { readdirSync } from "node:fs";
import type { Wrong } from "../../fixtures/wrong.ts";
import type { PeerModule } from "../../src/peer/peer.ts";
import type { WorldModule } from "../../src/xen/world.ts";

export type WrongModule = {
	/** From the repository's root, with `/`. */
	file: string;
} & (
	| { wrong: Wrong & { takes: "frontend" | "backend" }; module: PeerModule }
	| { wrong: Wrong & { takes: "world" }; module: WorldModule }
);

/** Names of the files, in order; the path is from the repository's root. */
export const wrongFiles = (): string[] =>
	["fixtures/peers", "fixtures/worlds"].flatMap((folder) =>
		readdirSync(folder)
			.filter((name) => name.endsWith(".ts"))
			.sort()
			.map((name) => `${folder}/${name}`),
	);

export async function loadWrong(file: string): Promise<WrongModule> {
	const name = file.slice(file.lastIndexOf("/") + 1, -".ts".length);
	// The bundler looks for what a path may name: a folder each.
	const module = file.startsWith("fixtures/worlds/")
		? await import(`../../fixtures/worlds/${name}.ts`)
		: await import(`../../fixtures/peers/${name}.ts`);
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
