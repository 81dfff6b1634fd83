package org.fieldcast.app.pictures

/** Every state of every screen. */
val allPictures: List<Picture> = homePictures + setupPictures + villagesPictures + downloadPictures + sendPictures +
    receivePictures + lookUpPictures + historyPictures + trustedPictures + troublePictures + settingsPictures

/** The names of the pictures that docs/guide-*.md show. */
val manualPictures: Set<String> = setOf(
    "setup-start",
    "setup-login",
    "villages-selected",
    "download-running",
    "download-done",
    "home",
    "send-found",
    "send-selected",
    "send-code",
    "send-running",
    "send-done",
    "receive-searching",
    "receive-question",
    "receive-receiving",
    "receive-saved",
    "lookup",
    "trouble-problems",
)
