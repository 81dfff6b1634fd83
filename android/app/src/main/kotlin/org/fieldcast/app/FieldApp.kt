package org.fieldcast.app

import android.app.Application
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import org.fieldcast.app.state.AppState

/** The process of the app. Screens come and go; [state] stays. */
open class FieldApp : Application() {
    /** The phone, or a test's replacement. */
    protected open fun phone(): Phone = AndroidPhone(this)

    /** Opened by the first access, so that a process that only shows a notification opens no engine. */
    val state: AppState by lazy { AppState(this, phone(), CoroutineScope(SupervisorJob() + Dispatchers.Default)) }
}
