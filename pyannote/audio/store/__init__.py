"""Features of whole protocols: computed once, stored on disk, packed for training.

A cache folder contains

    contents/<digest>.npz       file states of recordings, and digests of their content
    <Extraction>-<digest>/      features of all recordings that were computed with the same parameters:
        <content key>.npy       features of a recording, followed by a checksum
        <content key>.mean.npy  their average over time, if it was requested
        index-<states>.npz      content keys and numbers of frames of a list of recordings
        pack-<content>.npz      averages, and mean and deviation, of a list of training files
        pack-<content>.npy      their features one after the other, if they are many or large
        parameters.json         parameters of the extraction
        .work-<random>          temporary folder of a process that computes

Features are found by the content of a recording, that is, a digest of all of its bytes. Whether a recording
is unchanged is decided by its file state (path, inode, size, times of change). The second start of a training
therefore opens no recording, and no more than a few files. If the state of a recording differs, this
recording is read again, and no other one.
"""
