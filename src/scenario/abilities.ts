import { advise } from "./suggest.ts";

/** What an implementation may lack: a scenario that requires it is then skipped, not failed. `counted` ones are written `guests>=2`. */
export const ABILITIES = {
	"be-alloc": { counted: false, says: "buffers allocated by the backend" },
	edid: { counted: false, says: "EDID transfer (protocol version 2)" },
	v2: { counted: false, says: "protocol version 2" },
	prime: {
		counted: false,
		says: "buffers made of pages that another driver owns",
	},
	reconnect: {
		counted: false,
		says: "a second connection after the first was closed",
	},
	limits: { counted: false, says: "configured limits for each guest" },
	modes: {
		counted: false,
		says: "modes smaller than the connector, and from one mode to another at once",
	},
	"queued-flips": {
		counted: false,
		says: "a second flip of a connector while one is under way",
	},
	"grant-errors": {
		counted: false,
		says: "opening a reference that was reserved may fail: to a kernel it is a store",
	},
	reload: {
		counted: false,
		says: "a driver that dies and is started again in a guest that runs on",
	},
	connectors: { counted: true, says: "this many connectors of one device" },
	guests: { counted: true, says: "this many guests at one backend" },
	devices: { counted: true, says: "this many devices of one guest" },
} as const;
export type AbilityName = keyof typeof ABILITIES;
export const ABILITY_NAMES = Object.keys(ABILITIES) as readonly AbilityName[];

/** An ability that a scenario needs; `least` belongs to counted ones. */
export interface Requirement {
	/** As written. */
	text: string;
	ability: AbilityName;
	least?: number;
}

export function readAbility(
	text: string,
): Requirement | { wrong: string; advice: string } {
	const found = /^([A-Za-z0-9-]{1,64})(?:\s*>=\s*([0-9]{1,3}))?$/.exec(text);
	const given = found?.[1] ?? text.slice(0, 64);
	const ability = ABILITY_NAMES.find((one) => one === given);
	const forms = ABILITY_NAMES.map((one) =>
		ABILITIES[one].counted ? `${one}>=2` : one,
	);
	if (found === null || ability === undefined) {
		const near = advise(given, ABILITY_NAMES);
		return {
			wrong: `no ability \`${text.slice(0, 64)}\``,
			advice: near.startsWith("did") ? near : `known: ${forms.join(", ")}`,
		};
	}
	const { counted } = ABILITIES[ability];
	if (counted !== (found[2] !== undefined))
		return counted
			? {
					wrong: `\`${ability}\` needs a count`,
					advice: `write \`${ability}>=2\``,
				}
			: {
					wrong: `\`${ability}\` takes no count`,
					advice: `write \`${ability}\``,
				};
	return counted
		? { text, ability, least: Number(found[2]) }
		: { text, ability };
}
