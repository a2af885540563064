/** XS_CONTROL as far as a client without a hand on the daemon's files can use it. */

import { no } from "./error.ts";
import type { Manners, Quota } from "./manners.ts";
import { atoi, strings } from "./payload.ts";
import type { Request, Response } from "./request.ts";

/** Commands with the parameters that `help` shows, and how it shows them. */
const HELP: Readonly<Record<Manners, string>> = {
	c417: [
		"check\t",
		"log\ton|off",
		"live-update\t[-c <cmdline>] [-F] [-t <timeout>] <file>",
		"    Default timeout is 60 seconds.",
		"logfile\t<file>",
		"memreport\t[<file>]",
		"print\t<string>",
		"quota\t[set <name> <val>|<domid>]",
		"quota-soft\t[set <name> <val>]",
		"help\t",
		"",
	].join("\n"),
	c423: [
		"check           ",
		"log             [on|off|+<switch>|-<switch>]",
		"live-update     [-c <cmdline>] [-F] [-t <timeout>] [-v <version>] <file>",
		"    Default timeout is 60 seconds, default version is 2.",
		"logfile         <file>",
		"memreport       [<file>]",
		"print           <string>",
		"quota           [set <name> <val>|<domid>|max [-r]]",
		"quota-soft      [set <name> <val>]",
		"help            ",
		"",
	].join("\n"),
};

type Listed = readonly (readonly [name: string, quota: Quota, says: string])[];

const HARD: Readonly<Record<Manners, Listed>> = {
	c417: [
		["nodes", "nodes", "Nodes per domain"],
		["watches", "watches", "Watches per domain"],
		["transactions", "transactions", "Transactions per domain"],
		["outstanding", "outstanding", "Outstanding requests per domain"],
		[
			"transaction-nodes",
			"transactionNodes",
			"Max. number of accessed nodes per transaction",
		],
		["memory", "memory", "Total Xenstore memory per domain (error level)"],
		["node-size", "nodeSize", "Max. size of a node"],
		["path-max", "pathMax", "Max. length of a node path"],
		["permissions", "permissions", "Max. number of permissions per node"],
	],
	c423: [
		["nodes", "nodes", "Nodes per domain"],
		["watches", "watches", "Watches per domain"],
		["outstanding", "outstanding", "Outstanding requests per domain"],
		["memory", "memory", "Total Xenstore memory per domain"],
		["transactions", "transactions", "Active transactions per domain"],
		[
			"transaction-nodes",
			"transactionNodes",
			"Max. number of accessed nodes per transaction",
		],
		["node-permissions", "permissions", "Max. number of permissions per node"],
		["path-max", "pathMax", "Max. length of a node path"],
		["node-size", "nodeSize", "Max. size of a node"],
	],
};

const SOFT: Readonly<Record<Manners, Listed>> = {
	c417: [
		[
			"memory",
			"softMemory",
			"Total Xenstore memory per domain (warning level)",
		],
	],
	c423: [["memory", "softMemory", "Total Xenstore memory per domain"]],
};

function quotas({ store }: Request, list: Listed, args: string[]): Response {
	if (args.length === 0)
		return `Quota settings:\n${list
			.map(
				([name, quota, says]) =>
					`${name.padEnd(17)}: ${String(store.domains.quotas[quota]).padStart(8)} ${says}\n`,
			)
			.join("")}\0`;
	const [verb, name, text, ...more] = args;
	if (verb !== "set" || text === undefined || more.length > 0)
		return no("EINVAL");
	const value = atoi(text);
	const found = list.find(([known]) => known === name);
	if (value < 1 || found === undefined) return no("EINVAL");
	store.domains.quotas[found[1]] = value;
	return "OK\0";
}

/** `log`, `logfile`, `memreport` and `live-update` are about the daemon's own files and process, of which there are none. */
export function control(request: Request): Response {
	const [command, ...args] = strings(request.payload);
	const { manners } = request.store;
	switch (command) {
		case "check":
			return args.length > 0 ? no("EINVAL") : "OK\0";
		case "help":
			return args.length > 0 ? no("EINVAL") : `${HELP[manners]}\0`;
		case "print":
			return args.length === 1 ? "OK\0" : no("EINVAL");
		case "log":
			return args.length === 1 && /^(on|off)$/.test(args[0] as string)
				? "OK\0"
				: no("EINVAL");
		case "quota":
			return quotas(request, HARD[manners], args);
		case "quota-soft":
			return quotas(request, SOFT[manners], args);
		default:
			return no("EINVAL");
	}
}
