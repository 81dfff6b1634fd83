package org.fieldcast.app.ui

import android.content.Context

/** The version of this app, as in "0.1.0". */
fun appVersion(context: Context): String =
    context.packageManager.getPackageInfo(context.packageName, 0).versionName.orEmpty()
