// Package model holds loss landscapes, one file each: potentials in closed form, and networks, of which Risk makes
// losses by adding targets: Regression where the loss is a square.
//
// A linear network writes its end-to-end map W(θ) and three derivatives of it (the interface linear); rows of data, slopes
// and Hessians follow here for all of them alike. Where there are more samples than inputs the exact loss and gradient of a
// linear network are read off the second moments of the data, at a price free of n.
//
// A nonlinear network carries jets along θ + su + tv through its layers and back (the interface jetted), of one, two or four parts: gradients,
// products with the Hessian and third derivatives are one pair of passes. A loss is a criterion, which turns the jet of the outputs into that of
// its slopes.
//
// What belongs here: functions of θ, their derivatives, and their critical points. What does not: where training starts
// (package start), how it moves (dynamics), and what is measured on the way (observable).
package model
