package org.fieldcast.app.ui.parts

import android.content.ActivityNotFoundException
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.provider.Settings

/** Opens the first of these pages of the system's settings that the phone has. Vendors leave some of them out. */
fun Context.openSystemPage(pages: List<Intent>) {
    for (page in pages + Intent(Settings.ACTION_SETTINGS)) {
        try {
            startActivity(page.addFlags(Intent.FLAG_ACTIVITY_NEW_TASK))
            return
        } catch (_: ActivityNotFoundException) {
            // The next one.
        } catch (_: SecurityException) {
            // The vendor keeps this page for its own apps.
        }
    }
}

/** The system's page about this app. */
fun Context.appPage(): Intent = Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, appUri())

/** This app, as the system's pages take it. */
fun Context.appUri(): Uri = Uri.fromParts("package", packageName, null)
