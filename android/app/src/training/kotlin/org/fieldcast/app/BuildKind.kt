package org.fieldcast.app

/** What kind of build this is. */
object BuildKind {
    /** Whether the app offers to practise without a server, and accepts test servers without a certificate. */
    const val IS_REHEARSAL = true
}
