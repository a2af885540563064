import { advise, nearest } from "./suggest.ts";
import { INDICES, LIVES, PARTICIPANTS, XENBUS_STATES } from "./words.ts";

/** What a participant's domain and driver hold: the accounts that `delta` compares and `state` reads. */
export const LEDGERS = {
	pages: "pages of the domain's own memory in use",
	grants: "open grants of the domain's pages",
	reserved: "grant references set aside or claimed, but not open",
	maps: "grants of other domains mapped",
	ports: "event channel ports",
	watches: "XenStore watches",
	ballooned: "frame numbers without memory, taken from the balloon",
	objects: "driver objects alive",
} as const;
export type LedgerName = keyof typeof LEDGERS;
export const LEDGER_NAMES = Object.keys(LEDGERS) as readonly LedgerName[];

/** What a value read from the world is compared with. */
type ViewValue = "number" | "text" | readonly string[];

interface View {
	value: ViewValue;
	says: string;
}

/**
 * What `state` can read, by the form of its path. Words in capitals are placeholders: WHO a participant, DEV and CONNECTOR an index, KIND a kind of
 * driver object, NODE a path below the participant's device directory, BUFFER a name given with `as`, INDEX a shared index. `state` reads the world and
 * the journal, never a peer's variables.
 */
export const VIEWS = {
	"WHO.state": {
		value: XENBUS_STATES,
		says: "XenBus state of device 0, as XenStore tells it; Unknown without a node",
	},
	"WHO.state(DEV)": { value: XENBUS_STATES, says: "XenBus state of a device" },
	"WHO.node(NODE)": {
		value: "text",
		says: "a XenStore node below the participant's directory of device 0; `absent` without one",
	},
	"WHO.life": {
		value: LIVES,
		says: "the domain: running, hung, crashed, zombie (destroyed, with pages that another maps) or gone",
	},
	"WHO.driver": {
		value: ["running", "ended"],
		says: "the driver: running, or ended by an unload, a kill or its domain's death",
	},
	"WHO.pages": { value: "number", says: LEDGERS.pages },
	"WHO.grants": { value: "number", says: LEDGERS.grants },
	"WHO.reserved": { value: "number", says: LEDGERS.reserved },
	"WHO.maps": { value: "number", says: LEDGERS.maps },
	"WHO.maps(WHO)": {
		value: "number",
		says: "grants of the second participant's pages that the first has mapped",
	},
	"WHO.ports": { value: "number", says: LEDGERS.ports },
	"WHO.watches": { value: "number", says: LEDGERS.watches },
	"WHO.ballooned": { value: "number", says: LEDGERS.ballooned },
	"WHO.objects": { value: "number", says: LEDGERS.objects },
	"WHO.objects(KIND)": {
		value: "number",
		says: "driver objects of one kind, e.g. gem-object, page-array, framebuffer",
	},
	"WHO.requests": {
		value: "number",
		says: "requests sent by this frontend, or taken by this backend, since the case began",
	},
	"WHO.replies": {
		value: "number",
		says: "responses received by this frontend, or given by this backend",
	},
	"WHO.events": {
		value: "number",
		says: "event packets received by this frontend, or sent by this backend",
	},
	"WHO.waiting": {
		value: "number",
		says: "requests of this frontend without a response yet",
	},
	"WHO.ring(CONNECTOR).INDEX": {
		value: "number",
		says: "a shared index of the connector's rings, as it stands in memory",
	},
	"dbuf(BUFFER).grants": {
		value: "number",
		says: "open grants of the buffer's pages",
	},
	"dbuf(BUFFER).maps": {
		value: "number",
		says: "mappings of the buffer's pages by anyone",
	},
	"dbuf(BUFFER).directory.pages": {
		value: "number",
		says: "pages of the buffer's directory chain",
	},
	"dbuf(BUFFER).directory.refs": {
		value: "number",
		says: "references in the buffer's directory that are not 0",
	},
	"dbuf(BUFFER).directory.last.next": {
		value: "number",
		says: "gref_dir_next_page of the last directory page",
	},
	"display(CONNECTOR).shown": {
		value: "number",
		says: "buffers on the screen: 0 or 1",
	},
	"display(CONNECTOR).buffers": {
		value: "number",
		says: "buffers the display holds",
	},
	"display(CONNECTOR).frames": {
		value: "number",
		says: "frames presented since the case began",
	},
} as const satisfies Record<string, View>;
export type ViewName = keyof typeof VIEWS;
const VIEW_NAMES = Object.keys(VIEWS) as readonly ViewName[];

/** A path of `state`, read: the view, and what stands for its placeholders in order. */
export interface ViewPath {
	text: string;
	view: ViewName;
	args: readonly string[];
}

interface Segment {
	word: string;
	arg?: string;
}

function segments(text: string): Segment[] | undefined {
	if (text.length > 300) return undefined;
	const parts: Segment[] = [];
	const piece = /([A-Za-z0-9_-]+)(?:\(([^()]*)\))?(\.|$)/y;
	while (piece.lastIndex < text.length) {
		const found = piece.exec(text);
		if (found === null) return undefined;
		const [, word = "", arg, dot] = found;
		parts.push(arg === undefined ? { word } : { word, arg: arg.trim() });
		if (dot === "." && piece.lastIndex === text.length) return undefined;
	}
	return parts.length > 0 ? parts : undefined;
}

/** Why a word may stand for a placeholder, or what is wrong with it. */
function placeholder(holder: string, given: string): string | undefined {
	switch (holder) {
		case "WHO":
			return (PARTICIPANTS as readonly string[]).includes(given)
				? undefined
				: `no participant \`${given}\`: ${advise(given, PARTICIPANTS)}`;
		case "INDEX":
			return (INDICES as readonly string[]).includes(given)
				? undefined
				: `no shared index \`${given}\`: ${advise(given, INDICES)}`;
		case "DEV":
		case "CONNECTOR":
			return /^(0|[1-9][0-9]?)$/.test(given)
				? undefined
				: `\`${given}\` is no index`;
		case "BUFFER":
			return /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(given)
				? undefined
				: `\`${given}\` is no name of a buffer`;
		case "KIND":
			return /^[a-z][a-z0-9-]{0,63}$/.test(given)
				? undefined
				: `\`${given}\` is no kind of object`;
		case "NODE":
			return /^[A-Za-z0-9_@-]+(\/[A-Za-z0-9_@-]+)*$/.test(given)
				? undefined
				: `\`${given}\` is no relative XenStore path`;
		default:
			return given === holder ? undefined : "";
	}
}

const isHolder = (word: string) => /^[A-Z]+$/.test(word);

/** A path of `state`, or what is wrong with it. */
export function readView(
	text: string,
): ViewPath | { wrong: string; advice: string } {
	const given = segments(text);
	if (given === undefined)
		return {
			wrong: `\`${text.slice(0, 80)}\` is no path`,
			advice:
				"a path is words with dots between, e.g. be.maps or dbuf(buf).grants",
		};
	let near: string | undefined;
	for (const view of VIEW_NAMES) {
		const form = segments(view);
		if (form === undefined || form.length !== given.length) continue;
		const args: string[] = [];
		let fits = true;
		let wrong: string | undefined;
		for (const [index, { word, arg }] of form.entries()) {
			const other = given[index];
			if (
				other === undefined ||
				(arg === undefined) !== (other.arg === undefined)
			) {
				fits = false;
				break;
			}
			for (const [holder, got] of [
				[word, other.word],
				[arg, other.arg],
			] as const) {
				if (holder === undefined || got === undefined) continue;
				if (isHolder(holder)) {
					wrong ??= placeholder(holder, got);
					args.push(got);
				} else if (holder !== got) fits = false;
			}
		}
		if (!fits) continue;
		if (wrong === undefined) return { text, view, args };
		near ??= wrong;
	}
	if (near !== undefined) {
		const [
			wrong = near,
			advice = "`xdisp-check schema` lists all that can be read",
		] = near.split(": ");
		return { wrong, advice };
	}
	const [first] = given;
	const tail = text.slice(text.indexOf(".") + 1);
	if (
		first !== undefined &&
		first.arg === undefined &&
		!(PARTICIPANTS as readonly string[]).includes(first.word) &&
		given.length > 1
	)
		return {
			wrong: `no participant \`${first.word}\``,
			advice: advise(first.word, PARTICIPANTS),
		};
	const forms = VIEW_NAMES.map((view) => view.slice(view.indexOf(".") + 1));
	const best = nearest(tail, forms);
	const whole = VIEW_NAMES.find((view) => view.endsWith(`.${best}`));
	return {
		wrong: `nothing is called \`${text}\``,
		advice:
			whole === undefined
				? `known: ${VIEW_NAMES.join(", ")}`
				: `did you mean \`${whole.replace("WHO", first?.word ?? "be")}\`?`,
	};
}

/** A path of `delta`: `fe.grants`. */
export function readLedger(
	text: string,
):
	| { who: (typeof PARTICIPANTS)[number]; ledger: LedgerName; kind?: string }
	| { wrong: string; advice: string } {
	const given = segments(text);
	const [first, second, more] = given ?? [];
	if (
		first === undefined ||
		second === undefined ||
		more !== undefined ||
		first.arg !== undefined
	)
		return {
			wrong: `\`${text.slice(0, 80)}\` is no ledger`,
			advice: "a ledger is a participant, a dot and an account, e.g. fe.grants",
		};
	const who = PARTICIPANTS.find((one) => one === first.word);
	if (who === undefined)
		return {
			wrong: `no participant \`${first.word}\``,
			advice: advise(first.word, PARTICIPANTS),
		};
	const ledger = LEDGER_NAMES.find((one) => one === second.word);
	if (ledger === undefined)
		return {
			wrong: `no account \`${second.word}\``,
			advice: advise(second.word, LEDGER_NAMES),
		};
	if (second.arg === undefined) return { who, ledger };
	if (ledger !== "objects")
		return {
			wrong: `\`${ledger}\` has no kinds`,
			advice: `write \`${who}.${ledger}\``,
		};
	const wrong = placeholder("KIND", second.arg);
	return wrong === undefined
		? { who, ledger, kind: second.arg }
		: { wrong, advice: "e.g. objects(gem-object)" };
}
