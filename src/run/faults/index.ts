import { accessFails } from "./access-fails.ts";
import { balloonFails } from "./balloon-fails.ts";
import { claimFails } from "./claim-fails.ts";
import { copyFails } from "./copy-fails.ts";
import { displayDrops } from "./display-drops.ts";
import { displayHolds } from "./display-holds.ts";
import { displayVanishes } from "./display-vanishes.ts";
import { domainCrash } from "./domain-crash.ts";
import { domainDestroy } from "./domain-destroy.ts";
import { domainHang } from "./domain-hang.ts";
import { endFails } from "./end-fails.ts";
import type { FaultKind } from "./kind.ts";
import { mapFails } from "./map-fails.ts";
import { notifyDoubled } from "./notify-doubled.ts";
import { notifyLate } from "./notify-late.ts";
import { notifyLost } from "./notify-lost.ts";
import { objectFails } from "./object-fails.ts";
import { pageFails } from "./page-fails.ts";
import { peerRestarts } from "./peer-restarts.ts";
import { peerSilent } from "./peer-silent.ts";
import { portFails } from "./port-fails.ts";
import { reserveFails } from "./reserve-fails.ts";
import { storeReadFails } from "./store-read-fails.ts";
import { storeWriteFails } from "./store-write-fails.ts";
import { transactionConflict } from "./transaction-conflict.ts";
import { transactionQuota } from "./transaction-quota.ts";
import { unmapFails } from "./unmap-fails.ts";
import { watchDoubled } from "./watch-doubled.ts";
import { watchFails } from "./watch-fails.ts";
import { watchMerged } from "./watch-merged.ts";
import { wordsRewritten } from "./words-rewritten.ts";

/** Every fault that can be tried. What fails a single call comes first, what ends a domain last. */
export const FAULTS: readonly FaultKind[] = [
	reserveFails,
	claimFails,
	accessFails,
	endFails,
	mapFails,
	unmapFails,
	copyFails,
	balloonFails,
	pageFails,
	objectFails,
	portFails,
	storeReadFails,
	storeWriteFails,
	watchFails,
	transactionQuota,
	transactionConflict,
	notifyLost,
	notifyLate,
	notifyDoubled,
	watchDoubled,
	watchMerged,
	wordsRewritten,
	displayHolds,
	displayDrops,
	displayVanishes,
	peerSilent,
	peerRestarts,
	domainCrash,
	domainHang,
	domainDestroy,
];

const BY_NAME = new Map(FAULTS.map((kind) => [kind.name, kind]));

export const faultNamed = (name: string): FaultKind | undefined =>
	BY_NAME.get(name);

/** `fault.map-fails.be`: the label under which the die is asked. */
export const faultLabel = (kind: string, who: string): string =>
	`fault.${kind}.${who}`;

/** What a label asks about; undefined when it is no fault's. */
export function faultOf(
	label: string,
): { kind: FaultKind; who: string } | undefined {
	const [fault, name, who, more] = label.split(".");
	if (fault !== "fault" || who === undefined || more !== undefined)
		return undefined;
	const kind = faultNamed(name as string);
	return kind === undefined ? undefined : { kind, who };
}
