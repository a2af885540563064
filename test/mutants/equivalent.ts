/**
 * Mutants that no run can tell from the reference, or that break nothing which anybody promised, by their id, each with the reason. `npm run
 * mutants` complains of one that is killed after all or is no mutant any more.
 */
export const EQUIVALENT: Readonly<Record<string, string>> = {
	// Frontend.
	"102d0e28ad":
		"a size that is no size never comes as far: the language of scenarios has whole numbers below 2^32, and `fits` refuses an empty picture",
	"0fc29d7cb3":
		"the frame numbers go back by releaseMemory, which follows in the same operation",
	"00c843ff54":
		"an answer that comes while the connection ends: the memory goes with the connection, a moment later",
	"00802422d1":
		"the device's directory is gone: only what the driver says of it in its log differs",
	"0afbcc3c00":
		"a doubt that has passed is looked into once more, and the states say that all is well",
	"1aa84448e0":
		"a channel without a task is passed over at the end, and its task sets `running` when it is made",
	"0557dc7dc9":
		"a look at a ring that is not taken down yet changes nothing: pages go back only after the task was joined",
	"14a40049af": "the set is not read any more once the connection is over",
	"145609ba0f":
		"the completion that ends the wait says the same, and it is counted, so it cannot come too early",
	"08361fa61a": "only the number of the error is another: nobody promised it",
	"057fda02f0":
		"a ring whose link closes is looked at once more and nothing is taken from it: its pages go back only after the task was joined",
	"07f2320050": "the wait is one tick longer",
	"5250e03a6b": "one try more: the tries are bounded all the same",
	"0e7e2e82e7": "both are the driver's own and no peer sees their order",
	"0c9a959b4d":
		"the pause before the next attempt stays long; the attempts go on and are bounded all the same",
	"0a500e94a4": "a task is started that finds nothing to do and ends",
	"01f8e25dcc":
		"after the end has succeeded reference and page are the driver's own, in whatever order they go back",
	"09e9a39528":
		"a completion that nobody waits for yet is kept, and whether the flip was shown is asked first",
	"1806f6ffc1":
		"bind reports success, and the device waits for a backend that is not there: no request is sent and nothing is kept; what a bus call returns nobody promised",
	"14ac654b89": "a read that failed carries no value, and none is no state",
	"1972efae7c":
		"what is below a removed directory cannot be removed either: the next call says the same",
	"15da215774":
		"error/ is a habit of Linux for the administrator: neither header nor xenstore-paths ask a frontend for it",
	"19904f7d14":
		"the completion is there before the wait begins, so the wait never times out",
	"8dea5b0ac2":
		"an offset below 0 never comes as far: the language of scenarios has whole numbers from 0",
	"8deaaf9056":
		"the watch task looks at the states once more and finds them as they were",
	"8d333989f7":
		"a late answer's task that is not waited for asks `stopped` and `over` before it touches anything: what it gives back it gives back a moment later",
	c62079525f:
		"no path and no number are refused below: only the number of the error is another",
	c74fc4f80f:
		"no number is refused below: only the number of the error is another",
	c7a1082ab9:
		"the state that could not be read is written in the same transaction; a directory that is gone refuses that",
	"090970d164":
		"no other task moves at an object's drop, so nobody sees the list in between",
	// Backend.
	"0b13beaeb7":
		"a backend may start over visibly at first contact, as the real one does; a state that stands for a link is closed by the next look, which has no link for it",
	"0960e85f8b": "both are the driver's own and no peer sees their order",
	"1c149f14f7": "both are the driver's own and no peer sees their order",
	"1a23bedbb2":
		"the completion `ended` is kept, so a second stop returns at once",
	"1a54b7ae27":
		"what is quarantined is tried again by its own clock as well, later",
	"0bf810e9be":
		"the event is delivered by the clock of flips, some ticks later and still in bounded time",
	"0d697a9adc": "an empty batch publishes the index that stands there already",
	"10eb407e6c":
		"the branch is taken when Closing could not be written: the next attempt lets go",
	"18b7c9d1d2":
		"a display that is closed is not asked: see the check above; each of the two covers the other",
	"014ca3927d": "the wait is one tick longer",
	"052b8e26bf":
		"without a transaction the same nodes are read one by one; the next attempt after a change reads them again",
	"09cd826f57":
		"a connector more than fits the device's numbering is never published: the protocol's connectors end before",
	"0efaa670e3":
		"the end of a grant is the proof, the question before it spares work: what was ended is opened again when one is in use",
	"0c93dee83a":
		"there is one node beside the state, so no later write hides its failure",
	"0f4a1f75f6":
		"the write that failed is the last one: what is committed is the version list alone, and it is written again with the state",
	"13362947cb":
		"an answer that failed carries no names: the list is empty as well",
	"12caad6724":
		"the rest of the list is empty however often it is asked for; bounded by TRANSACTIONS",
	"0178d9ee8f":
		"the clock may be poked twice: what is left over is one more look at nothing",
	"023f0dab95":
		"an octet beyond the end of the text is NaN, and shifted it is 0, in a word that is there already or is not written",
	"000a1103eb":
		"some more looks at the store before the device rests; bounded by MOVES",
	"064635da22":
		"nobody runs between a call's answer and the assignment after it, and who was waked asks `finished` only then",
	"8d03133155":
		"after a storm the device looks at the store every 100 ms instead of resting: bounded work, and nothing is missed",
	"8cebbc86e4": "the pause before a try of the quarantine is another",
	"8ddb8d295c":
		"a part that cannot be had is asked for again; bounded by TRANSACTIONS",
	c7bf28203a:
		"a load that failed carries no word, and none is no reference: EINVAL instead of EIO",
	c6bbaf765c:
		"the transaction has written nothing, so that a commit does nothing",
	c6eb80cd4f:
		"a commit that failed for another reason is tried again; bounded by TRANSACTIONS",
};
