import type { Rule } from "../rule.ts";
import { aliveOrClosed } from "./alive-or-closed.ts";
import { askedFor } from "./asked-for.ts";
import { badIndex } from "./bad-index.ts";
import { balloonBooks } from "./balloon-books.ts";
import { boundedWait } from "./bounded-wait.ts";
import { closedIsEmpty } from "./closed-is-empty.ts";
import { cookies } from "./cookies.ts";
import { destroyReleases } from "./destroy-releases.ts";
import { eventNumbers } from "./event-numbers.ts";
import { eventsCompleteFlips } from "./events-complete-flips.ts";
import { fetchedOnce } from "./fetched-once.ts";
import { flipsPaired } from "./flips-paired.ts";
import { foreignMemory } from "./foreign-memory.ts";
import { freshNodes } from "./fresh-nodes.ts";
import { giveBackOnce } from "./give-back-once.ts";
import { inUseMarks } from "./in-use-marks.ts";
import { leakRules } from "./leaks.ts";
import { limitsKept } from "./limits-kept.ts";
import { liveMappings } from "./live-mappings.ts";
import { mapStatus } from "./map-status.ts";
import { onScreen } from "./on-screen.ts";
import { oneReply } from "./one-reply.ts";
import { ownAnswer } from "./own-answer.ts";
import { pageLifetime } from "./page-lifetime.ts";
import { portLife } from "./port-life.ts";
import { portUse } from "./port-use.ts";
import { publishedAtOnce } from "./published-at-once.ts";
import { publishedInOrder } from "./published-in-order.ts";
import { queuesBounded } from "./queues-bounded.ts";
import { reconnects } from "./reconnects.ts";
import { refusedUndone } from "./refused-undone.ts";
import { requestForm } from "./request-form.ts";
import { reservedReferences } from "./reserved-references.ts";
import { reservedZero } from "./reserved-zero.ts";
import { ringBounds } from "./ring-bounds.ts";
import { roomWithinLimits } from "./room-within-limits.ts";
import { sharedClean } from "./shared-clean.ts";
import { sizesAgree } from "./sizes-agree.ts";
import { spuriousEvents } from "./spurious-events.ts";
import { stateOrder } from "./state-order.ts";
import { statusSign } from "./status-sign.ts";
import { stopsWhole } from "./stops-whole.ts";
import { storeRights } from "./store-rights.ts";
import { storeWhole } from "./store-whole.ts";
import { survives } from "./survives.ts";
import { versionChosen } from "./version-chosen.ts";
import { wakeUp } from "./wake-up.ts";

/** Every rule, in the order in which findings of one entry are told. */
export const RULES: readonly Rule[] = [
	survives,
	pageLifetime,
	giveBackOnce,
	reservedReferences,
	portUse,
	ringBounds,
	publishedInOrder,
	fetchedOnce,
	badIndex,
	wakeUp,
	spuriousEvents,
	eventNumbers,
	eventsCompleteFlips,
	oneReply,
	ownAnswer,
	askedFor,
	requestForm,
	cookies,
	sizesAgree,
	foreignMemory,
	refusedUndone,
	destroyReleases,
	statusSign,
	reservedZero,
	stateOrder,
	reconnects,
	closedIsEmpty,
	publishedAtOnce,
	freshNodes,
	queuesBounded,
	roomWithinLimits,
	boundedWait,
	mapStatus,
	balloonBooks,
	flipsPaired,
	onScreen,
	sharedClean,
	versionChosen,
	limitsKept,
	aliveOrClosed,
	stopsWhole,
	...leakRules,
	inUseMarks,
	liveMappings,
	portLife,
	storeRights,
	storeWhole,
];
