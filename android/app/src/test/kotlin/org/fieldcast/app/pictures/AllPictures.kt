package org.fieldcast.app.pictures

/** Every state of every screen. */
val allPictures: List<Picture> = homePictures + setupPictures + villagesPictures + downloadPictures + sendPictures +
    receivePictures + lookUpPictures + historyPictures + trustedPictures + troublePictures + settingsPictures
