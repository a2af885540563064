import { resolve } from "node:path";
import { ANYTHING } from "../base/party.ts";
import type { Place, Source } from "../base/position.ts";
import { type Draft, expand, type Layer } from "./expand.ts";
import type { Scope } from "./expression.ts";
import { below, besides, readSource } from "./file.ts";
import * as head from "./head.ts";
import { LIMITS } from "./limits.ts";
import { type Let, type Row, readLets, readMatrix } from "./matrix.ts";
import { follow, type MapNode, type Node, nodePlace } from "./node.ts";
import { type Problem, sorted } from "./problem.ts";
import { Complaints, read, unknownKeys } from "./reader.ts";
import { FIXTURES, type FixtureName, type Scenario } from "./scenario.ts";
import { readSteps, type StepSource } from "./story.ts";
import { advise } from "./suggest.ts";
import type { WorldPart } from "./world-keys.ts";
import { parseYaml } from "./yaml.ts";

export interface LoadOptions {
	/** Ids that `spec` and `breaks` may name; without it any well-formed id is taken. */
	requirements?: ReadonlySet<string>;
	/** Rules that `allow` may name; without it any name is taken. */
	rules?: ReadonlySet<string>;
	/** World keys set on the command line; they win over the scenario's. */
	world?: WorldPart;
}

export type Loaded =
	| { ok: true; scenario: Scenario }
	| { ok: false; problems: Problem[] };

const NO_NAMES: Scope = new Map();

/** Reads one scenario file below `root`. Whatever the file holds, the answer is a scenario or its problems; nothing is thrown. */
export function loadFile(
	root: string,
	path: string,
	options: LoadOptions = {},
): Loaded {
	const whole = resolve(path);
	const source = readSource(resolve(root), whole);
	if (!("text" in source)) return { ok: false, problems: [source] };
	return new Loader(resolve(root), options).scenario(source);
}

/** The same for a text that is in no file. Fixture files are looked for below `root`, beside `file`. */
export function loadText(
	source: Source,
	options: LoadOptions = {},
	root = ".",
): Loaded {
	return new Loader(resolve(root), options).scenario(source);
}

class Loader {
	readonly #root: string;
	readonly #options: LoadOptions;
	readonly #complaints = new Complaints();
	readonly #sources = new Map<string, Source>();
	/** Whether the matrix and all names of `let` are sound: without them every `$` would be told as unknown. */
	#named = true;

	constructor(root: string, options: LoadOptions) {
		this.#root = root;
		this.#options = options;
	}

	scenario(source: Source): Loaded {
		const complaints = this.#complaints;
		this.#sources.set(source.file, source);
		const map = this.#parse(source);
		const draft = map === undefined ? undefined : this.#draft(map);
		if (draft !== undefined && this.#named) {
			const cases = expand(draft, this.#options.world ?? {}, complaints);
			if (complaints.count === 0 && map !== undefined)
				return { ok: true, scenario: this.#finish(map, draft, cases) };
		}
		return { ok: false, problems: sorted(complaints.problems) };
	}

	#finish(map: MapNode, draft: Draft, cases: Scenario["cases"]): Scenario {
		const { idNode, id, spec, tags } = draft;
		const titleText =
			draft.title.kind === "scalar" ? String(draft.title.value) : "";
		const specNode = map.entries.get("spec")?.value;
		return {
			file: idNode.source.file,
			id,
			title: cases.length === 1 ? (cases[0]?.title ?? titleText) : titleText,
			place: nodePlace(idNode),
			spec,
			specPlaces: spec.map((_, index) =>
				nodePlace(
					specNode === undefined ? idNode : follow(specNode, [index]).node,
				),
			),
			tags,
			requires: cases[0]?.requires ?? [],
			cases,
			sources: this.#sources,
			rowLines: rowLines(draft.rows, cases),
			warnings: sorted(this.#complaints.warnings),
		};
	}

	#parse(source: Source): MapNode | undefined {
		const node = parseYaml(source);
		if (Array.isArray(node)) {
			this.#complaints.problems.push(...node);
			return undefined;
		}
		if (node.kind === "map") return node;
		this.#complaints.say(
			source,
			{ start: node.start, end: node.start + 1 },
			"a scenario is a map of keys",
			"it starts with `id: …`",
		);
		return undefined;
	}

	#draft(map: MapNode): Draft | undefined {
		const complaints = this.#complaints;
		unknownKeys(map, head.TOP_NAMES, complaints, "a scenario");
		const get = (key: head.TopKey) => map.entries.get(key)?.value;
		const start = { start: map.start, end: map.start + 1 };
		for (const [key, example] of [
			["id", "gem.fe-alloc.create"],
			["title", "A buffer is granted once per page"],
			["steps", "[{ gem.create: { as: buf, pages: 4 } }]"],
		] as const)
			if (!map.entries.has(key))
				complaints.say(
					map.source,
					start,
					`the scenario has no \`${key}\``,
					`e.g. \`${key}: ${example}\``,
				);
		const idNode = get("id") ?? map;
		const id = this.#read(head.id, get("id"), "id") ?? "";
		const spec = this.#read(head.spec, get("spec"), "spec") ?? [];
		const tags = this.#read(head.tags, get("tags"), "tags") ?? [];
		this.#requirements(spec, get("spec"));

		const matrix = get("matrix");
		const rows: Row[] =
			matrix === undefined
				? [{ values: new Map(), from: new Map() }]
				: (readMatrix(matrix, complaints) ?? []);
		if (rows.length === 0) this.#named = false;
		const names = rows[0]?.values.keys() ?? [];
		const { layers, fixture } = this.#layers(map, names, [], [map.source.file]);
		const interrupt = this.#interrupt(get("interrupt"));
		const after = this.#steps(get("after"), []);
		if (get("after") !== undefined && get("interrupt") === undefined)
			complaints.say(
				map.source,
				map.entries.get("after")?.key ?? start,
				"`after` without `interrupt`",
				"put the steps at the end of `steps`",
			);
		const last = this.#steps(get("finally"), []);
		const allow = this.#allow(get("allow"));
		const choices = this.#read(head.choices, get("choices"), "choices");
		const sweep = get("sweep");
		const explore = get("explore");
		const swept = this.#read(head.sweep, sweep, "sweep");
		const explored = this.#read(head.explore, explore, "explore");
		const always = get("always");
		this.#breaks([
			...layers.flatMap((layer) => layer.steps),
			...(interrupt?.with ?? []),
			...after,
			...last,
		]);
		return {
			id,
			idNode,
			title: get("title") ?? map,
			spec,
			tags,
			fixture,
			layers,
			rows,
			after,
			finally: last,
			allow,
			...(interrupt === undefined ? {} : { interrupt }),
			...(always === undefined ? {} : { always }),
			...(choices === undefined ? {} : { choices }),
			...(swept === undefined || sweep === undefined
				? {}
				: { sweep: { ...swept, of: swept.of ?? [], place: nodePlace(sweep) } }),
			...(explored === undefined || explore === undefined
				? {}
				: { explore: { ...explored, place: nodePlace(explore) } }),
		};
	}

	#read<S extends Parameters<typeof read>[0]>(
		schema: S,
		node: Node | undefined,
		what: string,
	) {
		return node === undefined
			? undefined
			: read<S>(schema, node, NO_NAMES, this.#complaints, what);
	}

	#steps(node: Node | undefined, via: readonly Place[]): StepSource[] {
		return node === undefined ? [] : readSteps(node, via, this.#complaints);
	}

	#interrupt(node: Node | undefined): Draft["interrupt"] {
		if (node === undefined) return undefined;
		if (node.kind !== "map") {
			this.#complaints.at(
				node,
				"`interrupt` needs a map",
				"e.g. { at: MARK, with: [{ domain.crash: { of: fe } }] }",
			);
			return undefined;
		}
		unknownKeys(node, ["at", "with"], this.#complaints, "`interrupt`");
		const at = node.entries.get("at")?.value;
		const steps = node.entries.get("with")?.value;
		for (const [key, value] of [
			["at", at],
			["with", steps],
		] as const)
			if (value === undefined)
				this.#complaints.refused(
					node,
					[],
					`\`interrupt\` lacks \`${key}\``,
					"e.g. { at: MARK, with: [{ domain.crash: { of: fe } }] }",
					"value",
				);
		if (at === undefined || steps === undefined) return undefined;
		// One step needs no list.
		const list: Node =
			steps.kind === "map" ? { ...steps, kind: "list", items: [steps] } : steps;
		return { at, with: this.#steps(list, []) };
	}

	/** The layer of a file, above those of the fixtures it uses. `via` leads back to the scenario, nearest first. */
	#layers(
		map: MapNode,
		names: Iterable<string>,
		via: readonly Place[],
		chain: readonly string[],
	): { layers: Layer[]; fixture: FixtureName } {
		const get = (key: head.TopKey) => map.entries.get(key)?.value;
		const letNode = get("let");
		const lets: Let[] =
			letNode === undefined ? [] : readLets(letNode, names, this.#complaints);
		if (letNode?.kind === "map" && lets.length < letNode.entries.size)
			this.#named = false;
		const requiresNode = get("requires");
		const requires = this.#read(head.requires, requiresNode, "requires") ?? [];
		const { fixture, layers, given } = this.#use(get("use"), via, chain);
		const cast = get("cast");
		const world = get("world");
		const layer: Layer = {
			lets,
			steps: this.#steps(get("steps"), via),
			requires: requires.map((requirement, index) => ({
				requirement,
				node:
					requiresNode === undefined ? map : follow(requiresNode, [index]).node,
			})),
			...(cast === undefined ? {} : { cast }),
			...(world === undefined ? {} : { world }),
			...(given === undefined ? {} : { with: given }),
		};
		return { fixture, layers: [...layers, layer] };
	}

	#use(
		node: Node | undefined,
		via: readonly Place[],
		chain: readonly string[],
	): { fixture: FixtureName; layers: Layer[]; given?: Node } {
		const plain = { fixture: "connected" as FixtureName, layers: [] };
		if (node === undefined) return plain;
		if (node.kind !== "map") return this.#fixture(node, via, chain);
		unknownKeys(node, ["fixture", "with"], this.#complaints, "`use`");
		const named = node.entries.get("fixture")?.value;
		const given = node.entries.get("with")?.value;
		if (named === undefined) {
			this.#complaints.refused(
				node,
				[],
				"`use` lacks `fixture`",
				"e.g. use: { fixture: connected, with: { connectors: 2 } }",
				"value",
			);
			return plain;
		}
		const found = this.#fixture(named, via, chain);
		return given === undefined ? found : { ...found, given };
	}

	#fixture(
		node: Node,
		via: readonly Place[],
		chain: readonly string[],
	): { fixture: FixtureName; layers: Layer[] } {
		const complaints = this.#complaints;
		const plain = { fixture: "connected" as FixtureName, layers: [] };
		const builtin = Object.keys(FIXTURES) as FixtureName[];
		const named = node.kind === "scalar" ? node.value : undefined;
		const known = builtin.find((one) => one === named);
		if (known !== undefined) return { fixture: known, layers: [] };
		if (typeof named !== "string" || !/^\.\.?\//.test(named)) {
			const advice =
				typeof named === "string"
					? /[/.]/.test(named)
						? "a fixture file is named from the scenario's own folder: ./x.yaml"
						: advise(named, builtin)
					: `known: ${builtin.join(", ")}, or ./x.yaml`;
			complaints.at(node, "no such fixture", advice);
			return plain;
		}
		if (!named.endsWith(".yaml")) {
			complaints.at(node, "a fixture file ends in .yaml");
			return plain;
		}
		const path = besides(this.#root, node.source.file, named);
		const file = below(this.#root, path);
		const steps = [nodePlace(node), ...via];
		if (file !== undefined && chain.includes(file)) {
			const names = [...chain.slice(chain.indexOf(file)), file];
			complaints.at(
				node,
				`the fixture uses itself: ${names.join(" -> ")}`,
				"break the circle",
				via.map((place) => ({ place, says: "used by" })),
			);
			return plain;
		}
		if (chain.length > LIMITS.fixtures) {
			complaints.at(
				node,
				`more than ${LIMITS.fixtures} fixture files use one another`,
				undefined,
				via.map((place) => ({ place, says: "used by" })),
			);
			return plain;
		}
		const source = readSource(this.#root, path);
		if (!("text" in source)) {
			complaints.at(
				node,
				`the fixture \`${named.slice(0, 80)}\` cannot be used: ${source.message}`,
				source.advice,
				via.map((place) => ({ place, says: "used by" })),
			);
			return plain;
		}
		this.#sources.set(source.file, source);
		const before = complaints.problems.length;
		const map = this.#parse(source);
		let layers: Layer[] = [];
		let fixture: FixtureName = "connected";
		if (map !== undefined) {
			unknownKeys(map, head.FIXTURE_KEYS, complaints, "a fixture");
			({ layers, fixture } = this.#layers(map, [], steps, [
				...chain,
				source.file,
			]));
		}
		const also = steps.map((place) => ({ place, says: "used by" }));
		for (const one of complaints.problems.slice(before))
			if (one.place.file === source.file && one.also.length === 0)
				one.also = also;
		return { layers, fixture };
	}

	#allow(node: Node | undefined): Draft["allow"] {
		const found = this.#read(head.allow, node, "allow");
		if (found === undefined || node === undefined) return [];
		const { rules } = this.#options;
		return found.map(({ rule, because }, index) => {
			const at = follow(node, [index, "rule"]).node;
			if (rules !== undefined && !rules.has(rule))
				this.#complaints.at(
					at,
					`no rule is called \`${rule}\``,
					advise(rule, rules),
				);
			return { rule, because, place: nodePlace(follow(node, [index]).node) };
		});
	}

	#requirements(ids: readonly string[], node: Node | undefined): void {
		const { requirements } = this.#options;
		if (requirements === undefined || node === undefined) return;
		for (const [index, id] of ids.entries())
			if (!requirements.has(id))
				this.#complaints.at(
					node.kind === "list" ? follow(node, [index]).node : node,
					`no requirement is called \`${id}\``,
					requirementAdvice(id, requirements),
				);
	}

	#breaks(sources: readonly StepSource[]): void {
		for (const { modifiers } of sources) {
			const node = modifiers.entries.get("breaks")?.value;
			const ids =
				node?.kind === "list"
					? node.items.map((item) =>
							item.kind === "scalar" ? item.value : undefined,
						)
					: node?.kind === "scalar"
						? [node.value]
						: [];
			this.#requirements(
				ids.filter(
					(id): id is string => typeof id === "string" && id !== ANYTHING,
				),
				node,
			);
		}
	}
}

function requirementAdvice(id: string, known: ReadonlySet<string>): string {
	const near = advise(id, known);
	return near.startsWith("did")
		? near
		: "see `xdisp-check explain` for all of them";
}

/** Lines that stand for some cases only: a written row, or a value alone on its line. */
function rowLines(
	rows: readonly Row[],
	cases: Scenario["cases"],
): Map<number, Set<string>> {
	const lines = new Map<number, Set<string>>();
	if (rows.length !== cases.length) return lines;
	const owners = new Map<number, Set<Node>>();
	for (const row of rows)
		for (const node of row.node === undefined
			? row.from.values()
			: [row.node]) {
			const { line } = nodePlace(node);
			owners.set(line, (owners.get(line) ?? new Set()).add(node));
		}
	for (const [index, row] of rows.entries())
		for (const node of row.node === undefined
			? row.from.values()
			: [row.node]) {
			const { line } = nodePlace(node);
			const id = cases[index]?.id;
			if (owners.get(line)?.size === 1 && id !== undefined)
				lines.set(line, (lines.get(line) ?? new Set()).add(id));
		}
	return lines;
}
