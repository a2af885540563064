/**
 * The two C daemons and where they differ. Each row is held to that daemon's own answers by test/xenstore.
 *
 * c417: xenstored of Xen 4.17.7 (Debian 12). c423: xenstored of Xen 4.23-dev.
 */

/** What a guest has a limited number of (docs/misc/xenstore.txt, "quota"). */
export const QUOTAS = [
	"nodes",
	"watches",
	"transactions",
	"outstanding",
	"transactionNodes",
	"memory",
	"softMemory",
	"nodeSize",
	"pathMax",
	"permissions",
] as const;
export type Quota = (typeof QUOTAS)[number];

/** The defaults of both daemons. Octets, or a count. */
export const QUOTA_DEFAULTS: Readonly<Record<Quota, number>> = {
	nodes: 1000,
	watches: 128,
	transactions: 10,
	outstanding: 20,
	transactionNodes: 1024,
	memory: 2621440,
	softMemory: 2097152,
	nodeSize: 2048,
	pathMax: 2048,
	permissions: 5,
};

type Counted =
	| "nodes"
	| "watches"
	| "transactions"
	| "transactionNodes"
	| "nodeSize"
	| "pathMax"
	| "permissions";

export interface DaemonManners {
	/** Octets of a node's record before its permissions; they count in the node size. */
	nodeHeader: number;
	/** Refused when count + slack >= quota. The count is the one before for what is added one by one, else the thing's own. */
	slack: Readonly<Record<Counted, number>>;
	/** Whether the path limit binds privileged connections too. */
	pathLimitForAll: boolean;
	/** Nodes are counted one by one, and owners looked up at every commit; else when a request is answered, and only for quotas. */
	countsAtOnce: boolean;
	watchQuotaError: "E2BIG" | "ENOSPC";
	/** Whether the special names are nodes, with their own GET_PERMS, or just two permission lists. */
	specialNodes: boolean;
	/** Watches with a depth, and @releaseDomain/<domid>. */
	watchDepth: boolean;
	/** Whether all permissions of a dying domain are struck off the tree, or only stop working. */
	strikesPermissions: boolean;
	/** Whether the daemon lets go of a domain that is being torn down, or only of one that is gone. */
	releasesDying: boolean;
	/** Domain numbers of requests: as atoi() reads them, or digits up to 65535. */
	domidText: "atoi" | "strict";
	/** Malformed payloads are answered with whatever errno held, instead of EINVAL. */
	leftoverErrno: boolean;
	/** Feature word of the ring page (io/xs_wire.h XENSTORE_SERVER_FEATURE_*). */
	features: number;
	/** First message type that does not exist. */
	types: number;
}

export const MANNERS = {
	c417: {
		nodeHeader: 24,
		slack: {
			nodes: 0,
			watches: -1,
			transactions: -1,
			transactionNodes: 0,
			nodeSize: 0,
			pathMax: -1,
			permissions: -1,
		},
		pathLimitForAll: true,
		countsAtOnce: true,
		watchQuotaError: "E2BIG",
		specialNodes: false,
		watchDepth: false,
		strikesPermissions: false,
		releasesDying: true,
		domidText: "atoi",
		leftoverErrno: true,
		features: 0,
		types: 23,
	},
	c423: {
		nodeHeader: 16,
		slack: {
			nodes: 1,
			watches: 1,
			transactions: 1,
			transactionNodes: 1,
			nodeSize: 0,
			pathMax: 0,
			permissions: 0,
		},
		pathLimitForAll: false,
		countsAtOnce: false,
		watchQuotaError: "ENOSPC",
		specialNodes: true,
		watchDepth: true,
		strikesPermissions: true,
		releasesDying: false,
		domidText: "strict",
		leftoverErrno: false,
		features: 14,
		types: 27,
	},
} as const satisfies Record<string, DaemonManners>;

export type Manners = keyof typeof MANNERS;
